"""`podium hook`: channels that are told when tasks or runs of workflows end."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from ._app import Common, app, run
from .alerts import tell_health

hook = App(name="hook", help="Have a channel told when tasks or runs of workflows end.")
app.command(hook)

Ending = Literal["completed", "failed", "cancelled"]


@hook.command(
    help_epilogue="""\
Examples:
  podium hook define done --channel pager --kind render
  podium hook define night --channel pager --of runs --kind nightly --ending failed --ending cancelled

A channel is defined with podium send health pager define_channel '{"channel": {"kind": "webhook", "url": "https://…"}}'.""",
)
def define(
    name: str,
    /,
    *,
    channel: str,
    of: Literal["tasks", "runs"] = "tasks",
    ending: Annotated[list[Ending], Parameter(negative=())] = [],  # noqa: B006 - it is only read
    kind: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    common: Common = Common(),
) -> int:
    """Tell a channel of each task, or each run of a workflow, that ends from now on.

    Parameters
    ----------
    name
        of the hook
    channel
        who is told
    of
        what ends
    ending
        only these; all if none is given
    kind
        only tasks of these kinds, or runs of these workflows
    """
    from podium.contracts.hooks import DefineHook

    return run(tell_health(common, name, DefineHook(channel, list(ending), list(kind), of), "defined"))


@hook.command(
    help_epilogue="""\
Example:
  podium hook remove done""",
)
def remove(name: str, /, *, common: Common = Common()) -> int:
    """Tell it no more.

    Parameters
    ----------
    name
        of the hook
    """
    from podium.contracts.hooks import RemoveHook

    return run(tell_health(common, name, RemoveHook(), "removed"))
