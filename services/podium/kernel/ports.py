"""What the owner's loop needs of the world: NATS in life, a simulated one in the simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from podium.contracts.outcomes import Outcome
from podium.contracts.subjects import Service
from podium.runtime.pull import Stored

from .commands import Incoming


class Signal(Struct, frozen=True, gc=False):
    """What is heard and not stored."""

    subject: tuple[str, ...]
    body: Struct


class Inbox(Protocol):
    """What comes in for one partition."""

    @property
    def active(self) -> bool:
        """Whether this replica is the one that gets the partition's commands."""
        ...

    def commands(self, limit: int) -> list[Incoming]:
        """What waits, in order, taken out."""
        ...

    def follow(self, observed: Mapping[Service, int]) -> None:
        """From now on hear of upstream services' events behind the ones named. Called again, nothing changes."""
        ...

    def facts(self) -> list[tuple[Service, Sequence[Stored]]]:
        """New events of upstream services, taken out."""
        ...

    def signals(self) -> list[Signal]: ...

    async def acknowledge(self, last: Incoming) -> None:
        """This command and all before it need not be delivered again."""
        ...

    async def wait(self, until: float | None) -> None:
        """Return when something waits, something changed, or the time has come; seconds since the epoch.

        Others have their turn before it returns.
        """
        ...

    def notify(self) -> None:
        """Something changed."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let this time pass, whatever waits."""
        ...


class Outbox(Protocol):
    """Where outcomes go."""

    async def publish(self, outcomes: Sequence[tuple[Incoming, Outcome]]) -> None:
        """Tell the senders, and keep the refusals. Called again with the same after a crash."""
        ...
