"""`podium session`: agents that work together on a goal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Limit, Usage, app, run, tell
from ._saying import ask, given, send, show_answer, show_json

session = App(name="session", help="Sessions: agents that work together on a goal, phase by phase.")
app.command(session)

Reason = Annotated[str | None, Parameter(help="why, for those who look at it later")]


@session.command(
    help_epilogue="""\
Examples:
  podium session create ticket-7 --goal "Resolve the ticket" --agents triage-1:triage,expert-1:expert \\
    --rule "role == 'triage' && output.category == 'technical' -> delegate_to:expert" --timeout 600
  podium session create ticket-8 --file session.json --run""",
)
def create(
    session_id: str,
    /,
    *,
    goal: str | None = None,
    agents: str = "",
    strategy: str | None = None,
    context: str | None = None,
    rule: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    timeout: float | None = None,
    priority: int | None = None,
    max_participants: int | None = None,
    max_phases: int | None = None,
    rounds: int | None = None,
    file: Path | None = None,
    begin: Annotated[bool, Parameter(name="--run", negative=())] = False,
    common: Common = Common(),
) -> int:
    """Create a session. The same once more changes nothing.

    Parameters
    ----------
    agents
        who takes part, with commas; a role behind a colon. The first leads
    strategy
        hierarchical, peer, pipeline or blackboard
    context
        what all are given to know: a JSON object, or @file
    rule
        "condition -> action", as often as wanted; those first are looked at first
    timeout
        seconds
    priority
        of its phases' tasks, 0 to 9
    max_participants
        how many may take part, those who join later among them
    max_phases
        after so many it has failed
    rounds
        of peers
    file
        a JSON object with the fields of create_session; options go before it
    begin
        begin at once
    """
    options = {
        "strategy": strategy,
        "goal": goal,
        "timeout": timeout,
        "priority": priority,
        "max_participants": max_participants,
        "max_phases": max_phases,
        "rounds": rounds,
        "run": begin or None,
    }

    def body() -> dict[str, Any]:
        """Raises: Usage"""
        fields = {**_body(file), **{name: value for name, value in options.items() if value is not None}}
        if agents:
            fields["agents"] = [_participant(text) for text in agents.split(",")]
        if rule:
            fields["rules"] = [_rule(text, len(rule) - place) for place, text in enumerate(rule)]
        if context is not None:
            fields["context"] = _json(context, "--context")
        if "goal" not in fields or "agents" not in fields:
            raise Usage("a session has a --goal and --agents")
        return fields

    return run(_create(session_id, body, common))


def _participant(text: str) -> dict[str, str]:
    agent, _, role = text.strip().partition(":")
    return {"agent": agent, "role": role} if role else {"agent": agent}


def _rule(text: str, priority: int) -> dict[str, Any]:
    condition, arrow, action = text.rpartition("->")
    if not arrow:
        raise Usage(f"--rule: {text!r} is not of the form: condition -> action")
    return {"condition": condition.strip(), "action": action.strip(), "priority": priority}


def _body(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    value = _json(f"@{file}", "--file")
    if not isinstance(value, dict):
        raise Usage(f"{file}: it is no JSON object")
    return cast("dict[str, Any]", value)


def _json(text: str, option: str) -> Any:
    """Raises: Usage"""
    import msgspec

    try:
        return msgspec.json.decode(Path(text[1:]).read_bytes() if text.startswith("@") else text)
    except (OSError, msgspec.DecodeError) as error:
        raise Usage(f"{option}: {error}") from error


async def _create(session_id: str, body: Callable[[], dict[str, Any]], common: Common) -> int:
    fields = body()
    async with common.client() as client:
        await client.sessions.create(**fields, id=session_id)
    print(session_id)
    return Exit.OK


@session.command(
    name="run",
    help_epilogue="""\
Examples:
  podium session run ticket-7
  podium session run ticket-7 --json | jq .answer

Exit codes: 0 completed, 1 not, 2 no server or bad arguments. Ctrl-C leaves the session running.""",
)
def run_(session_id: str, /, *, wait: bool = True, json: Json = False, common: Common = Common()) -> int:
    """Run a session, and show its result when it is over.

    Parameters
    ----------
    wait
        until it is over
    """
    return run(_run(session_id, wait, json, common))


async def _run(session_id: str, wait: bool, json: bool, common: Common) -> int:
    from podium.client.sessions import SessionOver

    async with common.client() as client:
        found = client.sessions(session_id)
        await found.run()
        if not wait:
            return Exit.OK
        try:
            result = await found.result()
        except SessionOver as over:
            tell(str(over))
            return Exit.REFUSED
    return show_answer(result, json)


@session.command(
    help_epilogue="""\
Example:
  podium session status ticket-7""",
)
def status(session_id: str, /, *, json: Json = False, common: Common = Common()) -> int:
    """Say where a session is, who is at work, and why it went as it did."""
    return run(_status(session_id, json, common))


async def _status(session_id: str, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.session_queries import GetSession

    async with common.client() as client:
        answer = await client.query(GetSession(session_id=session_id, fresh=True))
    content = msgspec.json.decode(msgspec.json.encode(answer))
    if json:
        show_json(content)
    else:
        from . import _tables

        found = content["session"]
        work = [{**row, "seconds": _seconds(row)} for row in found.pop("work", ())]
        _tables.show({**found, "agents": [], "participants": found["agents"], "phases": work})
    return Exit.OK


def _seconds(phase: Mapping[str, Any]) -> float | None:
    """What a phase took; None while it is under way."""
    return None if "ended_at" not in phase else round(phase["ended_at"] - phase["started_at"], 3)


@session.command(
    name="list",
    help_epilogue="""\
Examples:
  podium session list
  podium session list --state failed --json""",
)
def list_(
    *,
    state: str | None = None,
    agent: str | None = None,
    limit: Limit = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List sessions, the newest first.

    Parameters
    ----------
    state
        active, paused, completed, failed, timed_out or cancelled
    agent
        only those in which it takes part
    """
    return run(_list(state, agent, limit, json, common))


async def _list(state: str | None, agent: str | None, limit: int, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.session_queries import ListSessions

    fields = {"state": state, "agent": agent, "limit": limit, "fresh": True}
    try:
        query = msgspec.convert(fields, ListSessions)
    except msgspec.ValidationError as error:
        raise Usage(str(error)) from error
    return await ask(common, query, json)


@session.command(help_epilogue="Example:\n  podium session pause ticket-7 --reason 'the customer is asked'")
def pause(session_id: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Begin no phase until it is resumed; those that have begun go on, and its time stands still."""
    return _send(session_id, "pause_session", common, reason=reason)


@session.command(help_epilogue="Example:\n  podium session resume ticket-7")
def resume(session_id: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Let a paused session go on."""
    return _send(session_id, "resume_session", common, reason=reason)


@session.command(help_epilogue="Example:\n  podium session cancel ticket-7 --reason 'solved by itself'")
def cancel(session_id: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """End a session; what its agents are at is withdrawn."""
    return _send(session_id, "cancel_session", common, reason=reason)


@session.command(help_epilogue="Example:\n  podium session join ticket-7 expert-2 --role expert")
def join(session_id: str, agent: str, /, *, role: str | None = None, common: Common = Common()) -> int:
    """Let an agent take part, or take part again."""
    return _send(session_id, "join_session", common, agent=agent, role=role)


@session.command(help_epilogue="Example:\n  podium session leave ticket-7 expert-2")
def leave(session_id: str, agent: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Let an agent go; a phase that it has begun has failed."""
    return _send(session_id, "leave_session", common, agent=agent, reason=reason)


def _send(session_id: str, command: str, common: Common, **fields: Any) -> int:
    return run(send(common, "collaboration", session_id, (command, given(fields)), ""))
