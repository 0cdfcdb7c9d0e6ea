"""`podium hook`: channels that are told when tasks or runs of workflows end."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from ._app import Common, Json, Limit, app, run
from ._saying import ask, send

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

    return run(send(common, "health", name, DefineHook(channel, list(ending), list(kind), of), "defined"))


@hook.command(
    name="list",
    help_epilogue="""\
Examples:
  podium hook list
  podium hook list --json""",
)
def list_(*, limit: Limit = 50, json: Json = False, common: Common = Common()) -> int:
    """List the hooks, the newest first: which channel is told of what."""
    from podium.contracts.alert_queries import ListHooks

    return run(ask(common, ListHooks(limit=limit, fresh=True), json))


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

    return run(send(common, "health", name, RemoveHook(), "removed"))
