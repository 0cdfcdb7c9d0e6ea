"""`podium replay`: a service's state as it was, and what would have been. Programs of their own do the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ._app import Common, Json, Usage, app, guarded, start_module

Service = Literal["registry", "router", "health", "collaboration", "optimizer"]


@app.command(
    help_epilogue="""\
Examples:
  podium replay --to 1841 --ask t1
  podium replay --to 2026-05-12T14:30:00Z
  podium replay --service health --to 2h --dump | jq .
  podium replay --policy round-robin.yaml

A policy is a file with settings of the router, such as `strategy: round_robin` or `skill_weight: 0.9`.

Exit codes: 0 answered, 1 nothing is known of what was asked, 2 no server or bad arguments.""",
)
def replay(
    *,
    service: Service = "router",
    to: str | None = None,
    ask: list[str] | None = None,
    dump: Annotated[bool, Parameter(negative=())] = False,
    policy: Path | None = None,
    tasks: int = 10,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Open a service's state as it was, on a copy that goes again; or play what was recorded to other settings.

    Without --ask, --dump or --policy it asks at a prompt what you want to know.

    Parameters
    ----------
    service
        whose state
    to
        the last moment that counts: a sequence of the service's stream, 10m ago (s, m, h, d) or an ISO 8601 time
    ask
        why this entity was as it was then, and what the state held of it; may be given several times
    dump
        print the whole state as JSON
    policy
        play the recorded commands to a router with these settings, and compare how the tasks end (--to: up to then)
    tasks
        how many tasks to list with which it would have gone otherwise
    """
    try:
        given = _arguments(service, to, ask or [], dump, policy, tasks, json)
    except Usage as error:
        refused = error
        return guarded(lambda: _raise(refused))
    module = "podium.replay.main" if policy is None else "podium.router.whatif.main"
    return start_module(module, *given, environment=common.environment())


def _arguments(
    service: str, to: str | None, ask: list[str], dump: bool, policy: Path | None, tasks: int, json: bool
) -> list[str]:
    """Raises: Usage"""
    if policy is not None:
        if dump or ask or service != "router":
            raise Usage("--policy plays the router's commands, and answers nothing else")
        if to is not None and not to.isdecimal():
            raise Usage("--policy takes --to as a sequence of the router's stream")
        last = [] if to is None else ["--last", to]
        return [str(policy), "--tasks", str(tasks), *last, *(["--json"] if json else [])]
    options = [word for entity in ask for word in ("--ask", entity)]
    if to is not None:
        options += ["--to", _moment(to)]
    return ["--service", service, *options, *(["--dump"] if dump else [])]


def _moment(text: str) -> str:
    """A sequence, or a time in RFC 3339. Raises: Usage"""
    from datetime import UTC, datetime

    from ._reading import BadFields, read_moment

    if text.isdecimal() and len(text) < 19:
        return text
    try:
        return datetime.fromtimestamp(read_moment(text), UTC).isoformat()
    except (BadFields, OverflowError, OSError, ValueError) as error:
        raise Usage(f"--to: {error}") from error


def _raise(error: Usage) -> int:
    raise error
