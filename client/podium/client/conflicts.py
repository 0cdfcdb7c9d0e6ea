"""Conflicts in Python: resources that are claimed, goals that oppose each other, appeals.

async with client.conflicts.hold("gpu", priority=7, seconds=60) as granted: ...
for conflict in await client.conflicts.detect("plan-7", {"ann": {"goals": ["maximize-speed"]}, "bob": None}):
    await conflict.appeal("my deadline is nearer")
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from podium.contracts.catalogue import event_type
from podium.contracts.conflict_queries import (
    ConflictRow,
    GetConflict,
    ListConflicts,
    ListResources,
    ResourceRow,
)
from podium.contracts.conflicts import (
    AcceptResolution,
    Aims,
    AppealConflict,
    ClaimGranted,
    ClaimResource,
    ConflictDetected,
    ConflictResolved,
    DecideAppeal,
    DefineResource,
    DetectConflicts,
    ReleaseResource,
    RemoveOpposition,
    SetOpposition,
    SettleConflict,
)

from ._entity import Collection, Entity, new_command
from .errors import PodiumError, ServiceUnavailable

if TYPE_CHECKING:
    from ._client import Client


class Conflict(Entity):
    """One conflict; the client's principal speaks."""

    async def accept(self) -> None:
        """Be content with how it was resolved, as a party to it."""
        await self._send(AcceptResolution())

    async def appeal(self, reason: str) -> None:
        """Object to how it was resolved, as a party to it."""
        await self._send(AppealConflict(reason))

    async def decide(self, *, uphold: bool, reason: str = "") -> None:
        """Decide an appeal, as somebody who is no party to it."""
        await self._send(DecideAppeal(uphold, reason))

    async def settle(self, winner: str | None = None, reason: str = "") -> None:
        """Decide it while it is open, as somebody who is no party to it."""
        await self._send(SettleConflict(winner, reason))

    async def get(self) -> ConflictRow:
        """Raises: QueryFailed, ServiceUnavailable."""
        return (await self._client.query(GetConflict(conflict=self.id, fresh=True))).conflict

    async def result(self, timeout: float | None = None) -> ConflictResolved:
        """Wait until it is resolved for the first time. Raises: TimeoutError, ServiceUnavailable."""
        return cast(ConflictResolved, await self.first(ConflictResolved, timeout=timeout))


class Conflicts(Collection[Conflict]):
    """`client.conflicts`. Errors of what it sends are those of `Client.send`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Conflict)

    async def detect(
        self,
        occasion: str,
        agents: Mapping[str, Aims | Mapping[str, Any] | None],
        *,
        seconds: float | None = None,
        attended: bool = False,
    ) -> Sequence[Conflict]:
        """Look for conflicts among agents, resolve them, and return those that there are.

        Args:
            agents: name → what it is after; None for the goals and the priority of its profile.
            seconds: for which resources are needed, as far as is known.
            attended: the agents negotiate about goals themselves.
        """
        fields = {"agents": dict(agents), "seconds": seconds, "attended": attended}
        outcome = await self._client.send("collaboration", occasion, new_command(DetectConflicts, fields))
        found = event_type(ConflictDetected)
        return [Conflict(self._client, event.subject) for event in outcome.events if event.type == found]

    # Resources

    async def claim(self, resource: str, *, amount: int = 1, priority: int = 5, seconds: float | None = None) -> None:
        """Claim a resource for the client's principal, or wait for it.

        Args:
            priority: 0–9; higher ones go first.
            seconds: for so long, as far as is known.
        """
        fields = {"amount": amount, "priority": priority, "seconds": seconds}
        await self._client.send("collaboration", resource, new_command(ClaimResource, fields))

    async def release(self, resource: str) -> None:
        """Give it back, or wait for it no longer."""
        await self._client.send("collaboration", resource, ReleaseResource())

    @asynccontextmanager
    async def hold(
        self,
        resource: str,
        *,
        amount: int = 1,
        priority: int = 5,
        seconds: float | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[ClaimGranted, None]:
        """Claim a resource, wait until it is granted, and give it back in the end.

        Raises:
            TimeoutError: it was not granted within `timeout` seconds, and is not waited for any more.
            PodiumError: the principal has claimed it already.
        """
        fields = {"amount": amount, "priority": priority, "seconds": seconds}
        outcome = await self._client.send("collaboration", resource, new_command(ClaimResource, fields))
        if not outcome.events:
            raise PodiumError(f"{self._client.principal} has claimed {resource} already")
        try:
            async with asyncio.timeout(timeout):
                granted = await self._granted(resource, outcome.sequence - len(outcome.events))
            yield granted
        finally:
            await self.release(resource)

    async def _granted(self, resource: str, after: int) -> ClaimGranted:
        events = self._client.events(service="collaboration", entity=resource, types=[ClaimGranted], after=after)
        async for event in events:
            if isinstance(event.data, ClaimGranted) and event.data.claimant == self._client.principal:
                return event.data
        raise ServiceUnavailable(f"the events of {resource} ended before it was granted")

    async def define(self, resource: str, capacity: int) -> None:
        """Say how much there is of a resource; of one that nobody has defined there is 1."""
        await self._client.send("collaboration", resource, new_command(DefineResource, {"capacity": capacity}))

    async def resources(self, *, is_open: bool | None = None, limit: int = 50) -> Sequence[ResourceRow]:
        """Last changed first: who holds them, and who waits, the next one first."""
        return (await self._client.query(ListResources(open=is_open, limit=limit, fresh=True))).resources

    # Goals

    async def oppose(self, pair: str, one: str, other: str) -> None:
        """Say that two goals oppose each other, under a name."""
        await self._client.send("collaboration", pair, new_command(SetOpposition, {"goals": [one, other]}))

    async def reconcile(self, pair: str) -> None:
        """They do not; by the pair's name."""
        await self._client.send("collaboration", pair, RemoveOpposition())

    async def list(self, *, is_open: bool | None = None, limit: int = 50) -> Sequence[ConflictRow]:
        """The newest first; open are those that are not resolved, are appealed, or are waited over."""
        return (await self._client.query(ListConflicts(open=is_open, limit=limit, fresh=True))).conflicts
