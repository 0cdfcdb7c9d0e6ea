"""`podium agent run`: an agent from a module, in this process."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

import podium.client as sdk

from ._app import Common, Exit, Usage, app, guarded

if TYPE_CHECKING:
    from podium.client import Agent

agents = App(name="agent", help="Run agents.")
app.command(agents)


@agents.command(
    help_epilogue="""\
Examples:
  podium agent run worker:agent
  podium agent run worker:agent --name worker-7 --slots 8 --wait 60

Ctrl-C or SIGTERM drains: running tasks end, the rest goes to others. A second Ctrl-C stops at once.""",
)
def run(
    source: str,
    /,
    *,
    name: str | None = None,
    slots: int | None = None,
    type: str | None = None,
    keep: bool = False,
    grace: float = 30.0,
    wait: float = 0.0,
    quiet: bool = False,
    common: Common = Common(),
) -> int:
    """Run the agent that a module of the current directory, or of the path, holds.

    Parameters
    ----------
    source
        module:variable, such as worker:agent
    name
        the agent's name, in the place of its own
    slots
        how many tasks at the same time, in the place of its own
    type
        the agent type that it registers with, in the place of its own
    keep
        when it stops, stay registered and keep what is assigned, for a restart that follows soon
    grace
        seconds that running tasks have to end when it stops
    wait
        seconds to wait for a server or registry that is not there yet
    quiet
        log warnings only
    """
    import logging

    level = logging.WARNING if quiet else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)

    def serve() -> int:
        agent = _load(source)
        try:
            agent.rename(name or agent.id)
        except ValueError as error:
            raise Usage(f"--name: {error}") from error
        agent.slots = slots if slots is not None else agent.slots
        if type is not None:
            agent.options["type"] = type
        agent.run(common.nats, prefix=common.prefix, keep=keep, grace=grace, patience=wait)
        return Exit.OK

    return guarded(serve)


def _load(source: str) -> Agent:
    """Raises: Usage."""
    module_name, _, variable = source.partition(":")
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and not module_name.startswith(error.name):
            raise
        raise Usage(f"there is no module {module_name!r} here or on the path") from error
    except (ValueError, TypeError) as error:
        raise Usage(f"{source!r} is not of the form module:variable") from error
    found = getattr(module, variable or "agent", None)
    if not isinstance(found, sdk.Agent):
        raise Usage(f"{module_name} has no agent {variable or 'agent'!r}")
    return found
