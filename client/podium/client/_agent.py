"""The agent: a name and functions, one for each skill."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Final, Unpack

from podium.contracts.subjects import DEFAULT_PREFIX, Subjects

from ._connection import Connection
from ._handlers import Handlers, checked
from ._options import ProfileOptions, new_profile
from ._serving import Serving

DEFAULT_HEARTBEAT: Final = 0.5
DEFAULT_GRACE: Final = 30.0

_INTERRUPTED_EXIT: Final = 130


class Agent(Handlers):
    """A program that does tasks.

        agent = Agent("echo-1", slots=4)

        @agent.skill("echo", level=0.9)
        async def echo(task: Task) -> dict: ...

        agent.run()

    One process at a time may serve under a name. A skill is an async function, or a plain one, which runs in a
    thread of its own; what it returns must be something that JSON can carry, and what it raises fails the
    attempt: with the code, message and `retryable` of a `TaskError`, else with the exception's class and text.

    Attributes:
        id: the agent's name in podium: 1 to 128 of `A-Z a-z 0-9 _ -`.
        slots: how many tasks it does at the same time.
        heartbeat: seconds between heartbeats.
        options: the rest of its profile, such as `model="…"`; see `podium.contracts.agents.AgentProfile`.

    Raises:
        ValueError: a name that is none.
    """

    def __init__(
        self,
        id: str,
        /,
        *,
        slots: int = 1,
        heartbeat: float = DEFAULT_HEARTBEAT,
        **options: Unpack[ProfileOptions],
    ) -> None:
        super().__init__()
        self.id = checked(id)
        self.slots = slots
        self.heartbeat = heartbeat
        self.options = options

    def rename(self, id: str) -> None:
        """Raises: ValueError for a name that is none."""
        self.id = checked(id)

    def run(
        self,
        url: str | None = None,
        *,
        prefix: str | None = None,
        keep: bool = False,
        grace: float = DEFAULT_GRACE,
        patience: float = 0.0,
    ) -> None:
        """Serve until SIGTERM or Ctrl-C, then drain; a second Ctrl-C stops at once. Arguments as for `serve`.

        Raises:
            ServiceUnavailable, CommandRefused, NotAllowed: it cannot serve.
            SystemExit: 130, if it was stopped at once.
        """
        try:
            asyncio.run(self._run(url, prefix, keep, grace, patience))
        except KeyboardInterrupt:
            raise SystemExit(_INTERRUPTED_EXIT) from None

    async def serve(
        self,
        url: str | None = None,
        *,
        prefix: str | None = None,
        keep: bool = False,
        grace: float = DEFAULT_GRACE,
        patience: float = 0.0,
        stop: asyncio.Event | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Register, take work up to the slots, and drain when `stop` is set. Cancelled, it stops at once.

        A drain takes no new work, gives back what has not begun, lets running tasks end, fails those that do not
        as retryable with `agent_stopped`, and unregisters, so that what is still assigned moves at once.

        Args:
            url: of the NATS server; `$PODIUM_NATS` or the one on this machine by default.
            prefix: first token of every subject; `$PODIUM_PREFIX` or `podium` by default.
            keep: stay registered, and leave assigned what has not begun, for a restart that follows soon.
            grace: seconds that running tasks have to end.
            patience: seconds that a server or registry which is not there yet is tried again.
            ready: called once it is registered and takes work.

        Raises:
            ServiceUnavailable, NotAllowed: there is no server or no registry, or it does not let this agent in.
            CommandRefused: the registry does not take the profile.
        """
        profile = new_profile(self.levels, slots=self.slots, heartbeat=self.heartbeat, **self.options)
        subjects = Subjects(prefix or os.environ.get("PODIUM_PREFIX") or DEFAULT_PREFIX)
        connection = Connection(url, name=f"podium-agent-{self.id}")
        await connection.open(patience)
        try:
            serving = Serving(self.id, profile, self, connection, subjects, keep=keep, grace=grace)
            await serving.run(stop or asyncio.Event(), ready, patience)
        finally:
            await connection.close()

    async def _run(self, url: str | None, prefix: str | None, keep: bool, grace: float, patience: float) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        serving = asyncio.ensure_future(
            self.serve(url, prefix=prefix, keep=keep, grace=grace, patience=patience, stop=stop)
        )

        def on_signal(number: signal.Signals) -> None:
            if stop.is_set() and number is signal.SIGINT:
                serving.cancel()
                loop.remove_signal_handler(number)  # the next one is Python's own
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal, number)
        try:
            await serving
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
