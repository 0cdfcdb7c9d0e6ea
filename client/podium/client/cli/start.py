"""`podium up`, `serve`, `rebuild`: processes of the services, started by the names of their modules."""

from __future__ import annotations

from collections.abc import Sequence

from ._app import Common, app, start_module

_PROJECTIONS = "podium.projections.main"
_OTHERS = {
    "projections": (_PROJECTIONS,),
    "notifier": ("podium.notifier.main",),
    "keeper": ("podium.keeper.main", "serve"),
}
"""What is no service of the kernel."""


@app.command(name="up")
def _up() -> None:
    """Start a NATS server and all of podium; --help shows every setting."""


def up(arguments: Sequence[str]) -> int:
    """All of it is the supervisor's own: its options, its help, its exit codes."""
    return start_module("podium.kernel.up", *arguments)


@app.command(
    help_epilogue="""\
Example:
  podium serve router --nats nats://nats:4222

Settings are variables such as PODIUM_LOG_LEVEL; `podium up --help` shows them all. Ctrl-C or SIGTERM drains.""",
)
def serve(service: str, /, *, common: Common = Common()) -> int:
    """Run one service in this process, as a container does.

    Parameters
    ----------
    service
        registry, router, health, collaboration, optimizer, projections, notifier or keeper
    """
    if service in _OTHERS:
        return start_module(*_OTHERS[service], environment=common.environment())
    return start_module("podium.kernel.main", service, environment=common.environment())


@app.command(
    help_epilogue="""\
Examples:
  podium rebuild
  podium rebuild task_assignments""",
)
def rebuild(*names: str, common: Common = Common()) -> int:
    """Build read models anew from the event streams, beside the present ones.

    Parameters
    ----------
    names
        of the read models; all of them by default
    """
    return start_module(_PROJECTIONS, "rebuild", *names, environment=common.environment())
