"""`podium health`, `hold`, `resume`, `stop`: how everything is, and what keeps work from whom."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ._app import Common, Exit, Json, Usage, app, run, tell
from ._saying import send, show_json

if TYPE_CHECKING:
    from msgspec import Struct

    from podium.client import Client

_STYLES = {"healthy": "green", "degraded": "yellow", "warning": "yellow", "critical": "red"}
ALL = "all"

Scope = Literal["agent", "skill", "all"]
DryRun = Annotated[bool, Parameter(negative=())]


@app.command(
    help_epilogue="""\
Examples:
  podium health
  podium health echo-1
  podium health --json | jq .doubts

Exit codes: 0 healthy or degraded, 1 a warning or critical, 2 nobody answers.""",
)
def health(agent: str = "", /, *, json: Json = False, common: Common = Common()) -> int:
    """Say how everything is, or one agent: state, score, who is in doubt, what is held.

    Parameters
    ----------
    agent
        an agent; everything if left out
    """
    return run(_health(agent, json, common))


async def _health(agent: str, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.health_queries import GetAgentHealth, HealthOverview

    async with common.client() as client:
        if agent:
            one = await client.query(GetAgentHealth(agent_id=agent, fresh=True))
            answer: Struct = one
            state = one.agent.state if one.health is None else one.health.state
        else:
            whole = await client.query(HealthOverview(fresh=True))
            answer = whole
            state = "critical" if whole.health is None else whole.health.state
    if json:
        show_json(answer)
    else:
        _show(msgspec.to_builtins(answer))
    return Exit.OK if state in ("healthy", "degraded") else Exit.REFUSED


def _show(answer: dict[str, object]) -> None:
    from rich.console import Console

    from . import _tables
    from ._words import fields_in

    console = Console(highlight=False)
    now = fields_in(answer.pop("health", None))
    if now is None:
        console.print("health does not answer now; this is what it said last", style="yellow")
    else:
        state = str(now["state"])
        console.print(f"[bold {_STYLES[state]}]{state}[/], score {now['score']:g} of 100")
        parts, values = fields_in(now.get("parts")) or {}, fields_in(now.get("values")) or {}
        for name, part in parts.items():
            value = f"   {_short(float(values[name]))}" if name in values else ""
            console.print(f"  {name:<18} {float(part) * 100:5.1f}{value}", style="dim")
        for reason in now.get("reasons") or ():
            console.print(f"  → {reason}")
    _tables.show({name: value for name, value in answer.items() if value not in ([], 0)}, console)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


@app.command(
    help_epilogue="""\
Examples:
  podium hold echo-1 --reason "a new disk"
  podium hold parse --scope skill --seconds 600 --reason "its parser is broken"
  podium hold all --scope all --reason "maintenance"

What is in hand is finished; nothing new is assigned.""",
)
def hold(
    name: str,
    /,
    *,
    reason: str,
    scope: Scope = "agent",
    seconds: float | None = None,
    dry_run: DryRun = False,
    common: Common = Common(),
) -> int:
    """Keep new work from an agent, a skill, or everything, until it is resumed.

    Parameters
    ----------
    name
        of the agent or skill, or all
    reason
        why, for whoever wonders
    scope
        what the name is of
    seconds
        resume by itself after so long
    dry_run
        only say what would happen
    """
    from podium.contracts.recovery import HoldWork

    if dry_run:
        return run(_try(common, lambda client: _would_hold(client, name, scope)))
    return run(_send(common, name, HoldWork(reason, scope, seconds), "held"))


@app.command(
    help_epilogue="""\
Example:
  podium resume echo-1 --reason "the disk is in\"""",
)
def resume(
    name: str,
    /,
    *,
    reason: str,
    scope: Scope = "agent",
    dry_run: DryRun = False,
    common: Common = Common(),
) -> int:
    """Lift every hold of an agent, a skill, or everything: maintenance, quarantine, breaker.

    Parameters
    ----------
    name
        of the agent or skill, or all
    reason
        why, for the log
    scope
        what the name is of
    dry_run
        only say what would happen
    """
    from podium.contracts.recovery import ResumeWork

    if dry_run:
        return run(_try(common, lambda client: _would_resume_work(client, name, scope)))
    return run(_send(common, name, ResumeWork(reason, scope), "resumed"))


@app.command(
    help_epilogue="""\
Examples:
  podium stop --emergency --dry-run
  podium stop --emergency --reason "it deletes the wrong files"
  podium stop --lift --reason "the agent at fault is gone" --as ada

What runs is cancelled and what comes is refused, also after a restart of anything, until the stop is lifted.""",
)
def stop(
    *,
    emergency: Annotated[bool, Parameter(negative=())] = False,
    lift: Annotated[bool, Parameter(negative=())] = False,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    reason: str = "",
    common: Common = Common(),
) -> int:
    """Stop everything at once, or lift such a stop.

    Parameters
    ----------
    emergency
        yes, everything
    lift
        end the emergency
    dry_run
        only say what would happen
    reason
        why; needed for both
    """
    if emergency == lift:
        raise SystemExit(_usage("give --emergency or --lift"))
    if not reason and not dry_run:
        raise SystemExit(_usage("give the --reason"))
    return run(_stop(common, lift, dry_run, reason))


def _usage(sentence: str) -> int:
    tell(sentence)
    return Exit.NO_SERVER


async def _stop(common: Common, lift: bool, dry_run: bool, reason: str) -> int:
    from podium.contracts.recovery import LiftStop, StopAll

    if dry_run:
        async with common.client() as client:
            print(await (_would_resume(client) if lift else _would_stop(client)))
        return Exit.OK
    command = LiftStop(reason) if lift else StopAll(reason)
    return await _send(common, ALL, command, "lifted" if lift else "stopped")


async def _try(common: Common, would: Callable[[Client], Coroutine[Any, Any, str]]) -> int:
    async with common.client() as client:
        print(await would(client))
    return Exit.OK


async def _would_hold(client: Client, name: str, scope: Scope) -> str:
    """Counts of the read models: what is in hand is finished, and what waits goes on waiting."""
    from podium.client import QueryFailed
    from podium.contracts.queries import GetAgent, ListAgents, SystemOverview

    match scope:
        case "agent":
            try:
                agent = (await client.query(GetAgent(agent_id=name, fresh=True))).agent
            except QueryFailed as failed:
                if failed.code != "not_found":
                    raise
                return f"would keep new work from {name}, which is no agent that is known"
            return f"would keep new work from {name}; the {agent.open} tasks that it has in hand are finished"
        case "skill":
            having = (await client.query(ListAgents(skill=name, limit=500, fresh=True))).agents
            return f"would keep back every task that needs {name}, which {len(having)} agents have"
        case "all":
            now = await client.query(SystemOverview(fresh=True))
            return f"would assign nothing any more; the {now.busy} tasks in hand are finished"


async def _would_resume_work(client: Client, name: str, scope: Scope) -> str:
    from podium.contracts.health_queries import HealthOverview

    now = await client.query(HealthOverview(fresh=True))
    mine = [hold for hold in now.holds if (hold.scope, hold.name) == (scope, name) and hold.cause != "emergency"]
    if not mine:
        return f"nothing holds {name}"
    return f"would lift: {', '.join(f'{hold.cause} ({hold.reason})' for hold in mine)}"


async def _would_stop(client: Client) -> str:
    from podium.contracts.queries import SystemOverview

    now = await client.query(SystemOverview(fresh=True))
    waiting = sum(now.tasks.get(phase, 0) for phase in ("queued", "delayed", "paused"))
    return f"would cancel what agents have in hand ({now.busy}), keep what waits ({waiting}), and refuse what comes"


async def _would_resume(client: Client) -> str:
    from podium.contracts.health_queries import HealthOverview

    now = await client.query(HealthOverview(fresh=True))
    stops = [hold for hold in now.holds if hold.cause == "emergency"]
    if not stops:
        return "nothing is stopped"
    return f"would lift the stop by {stops[0].by}: {stops[0].reason}"


async def _send(common: Common, entity: str, command: Struct, done: str) -> int:
    if not getattr(command, "reason", ""):
        raise Usage("the reason is empty")
    return await send(common, "health", entity, command, done)
