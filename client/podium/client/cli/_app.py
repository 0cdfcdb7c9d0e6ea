"""What every command shares: the options, the exit codes, and how errors are told.

The command line must answer `--help` at once, so its modules import the libraries of the wire only where a
command needs them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

import podium.client as sdk

if TYPE_CHECKING:
    from podium.client import Client


class Exit(IntEnum):
    """What a command exits with."""

    OK = 0
    REFUSED = 1
    """A command was refused, a query failed, a check found a fault."""
    NO_SERVER = 2
    """No server, no service, or arguments that make no sense."""
    UNKNOWN = 3
    """No outcome was heard: the command may be done or not."""
    INTERRUPTED = 130


app = App(
    name="podium",
    help="Directs fleets of agents: who can do what, who does what, what happened and why.",
    help_format="plaintext",
    help_epilogue=(
        "Exit codes: 0 done, 1 refused or failed, 2 no server or bad arguments,\n3 outcome unknown. "
        "Every command has --help with an example."
    ),
    version_flags=[],
    suppress_keyboard_interrupt=False,
)

Limit = Annotated[int, Parameter(help="how many")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="print JSON, for programs")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Common:
    """Where podium is, and who asks."""

    nats: Annotated[
        str | None,
        Parameter(env_var="PODIUM_NATS", help="the NATS server, several with commas [nats://127.0.0.1:4222]"),
    ] = None
    prefix: Annotated[str | None, Parameter(env_var="PODIUM_PREFIX", help="first token of every subject [podium]")] = (
        None
    )
    principal: Annotated[
        str | None, Parameter(name="--as", env_var="PODIUM_PRINCIPAL", help="who sends the commands [cli]")
    ] = None

    def client(self) -> Client:
        """Raises: Usage for a prefix that is no name."""
        try:
            return sdk.Client(self.nats, self.principal, prefix=self.prefix)
        except ValueError as error:
            raise Usage(str(error)) from error

    def environment(self) -> dict[str, str]:
        """The variables that tell the same to a process."""
        chosen = {"PODIUM_NATS": self.nats, "PODIUM_PREFIX": self.prefix, "PODIUM_PRINCIPAL": self.principal}
        return {**os.environ, **{name: value for name, value in chosen.items() if value is not None}}


class Usage(Exception):
    """Arguments that make no sense; the message says why, in a sentence."""


def run(command: Coroutine[Any, Any, int]) -> int:
    """Runs a command to its exit code; errors of the SDK become a line on stderr."""
    import asyncio

    return guarded(lambda: asyncio.run(_interruptible(command)))


async def _interruptible(command: Coroutine[Any, Any, int]) -> int:
    """The command, which an interrupt ends for certain: one that comes together with an answer may get lost inside."""
    import asyncio

    from podium.runtime.tasks import cancel_all

    task = asyncio.create_task(command)
    try:
        await asyncio.wait((task,))
    finally:
        await cancel_all((task,))
    return task.result()


def guarded(command: Callable[[], int]) -> int:
    """The command's exit code; errors of the SDK become a line on stderr."""
    try:
        return command()
    except sdk.CommandRefused as refused:
        place = refused.details.get("path")
        at = f" (at {place})" if place and not refused.message.startswith(f"{place}:") else ""
        tell(f"refused: {refused.code}: {refused.message}{at}")
        return Exit.REFUSED
    except (sdk.QueryFailed, sdk.TaskFailed, sdk.NotAllowed, sdk.Erased) as failed:
        tell(str(failed))
        return Exit.REFUSED
    except sdk.OutcomeUnknown as unknown:
        tell(str(unknown))
        return Exit.UNKNOWN
    except (sdk.PodiumError, Usage) as error:
        tell(str(error))
        return Exit.NO_SERVER


def tell(sentence: str) -> None:
    """A line on stderr."""
    print(f"podium: {sentence}", file=sys.stderr)


def start_module(module: str, *arguments: str, environment: dict[str, str] | None = None) -> int:
    """Become `python -m module`; does not return. Services are started by name: the client imports none."""
    # -P: what lies in the current directory must not take the place of an installed module.
    command = [sys.executable, "-P", "-m", module, *arguments]
    sys.stdout.flush()
    os.execve(sys.executable, command, environment or dict(os.environ))  # noqa: S606 (there is nothing for a shell to do)
