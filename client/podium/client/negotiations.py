"""Negotiations in Python: parties take turns until all accept an offer.

ann = {"values": {"price": {"high": 1}}, "strategy": "linear"}
negotiation = await client.negotiations.open("the job", {"price": ["low", "high"]}, {"ann": ann, "bob": None})
await negotiation.offer({"price": "low"})
agreed = await negotiation.result()
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

from podium.contracts.negotiation_queries import (
    GetNegotiation,
    ListNegotiations,
    NegotiationAnswer,
    NegotiationRow,
)
from podium.contracts.negotiations import (
    AcceptOffer,
    LeaveNegotiation,
    MakeOffer,
    NegotiationAgreed,
    NegotiationDeadlocked,
    OpenNegotiation,
    Preferences,
    RejectOffer,
)

from ._entity import Collection, Entity, new_command
from ._options import new_id

if TYPE_CHECKING:
    from ._client import Client


class NegotiationOptions(TypedDict, total=False):
    """The fields of an `OpenNegotiation`; for their meaning and defaults see there."""

    rounds: int
    deadline: float | None
    turn_seconds: float | None
    mediator: bool


class Negotiation(Entity):
    """One negotiation; the client's principal is the party."""

    async def offer(self, offer: Mapping[str, str]) -> None:
        """Offer something (issue → value, for every issue) instead of what stands.

        Raises:
            CommandRefused: `not_your_turn`, `bad_offer`, `not_a_party`, `negotiation_closed`.
        """
        await self._send(MakeOffer(dict(offer)))

    async def accept(self) -> None:
        """Accept what stands."""
        await self._send(AcceptOffer())

    async def reject(self) -> None:
        """Pass; a mediator's offer is off then."""
        await self._send(RejectOffer())

    async def leave(self, reason: str = "") -> None:
        """Break it off, at any time."""
        await self._send(LeaveNegotiation(reason))

    async def get(self) -> NegotiationAnswer:
        """All that is known of it, and whose turn it is. Raises: QueryFailed, ServiceUnavailable."""
        return await self._client.query(GetNegotiation(negotiation=self.id, fresh=True))

    async def turn(self, timeout: float | None = None) -> NegotiationAnswer:
        """Wait until it is the turn of the client's principal, or it is over, and return all that is known of it.

        Raises:
            TimeoutError: after `timeout` seconds; without one, never.
            QueryFailed, ServiceUnavailable
        """
        async with asyncio.timeout(timeout):
            now = await self.get()
            events = self._client.events(service="collaboration", entity=self.id, after=now.positions)
            while now.turn != self._client.principal and now.negotiation.result is None:
                await anext(events)
                now = await self.get()
        return now

    async def result(self, timeout: float | None = None) -> NegotiationAgreed | NegotiationDeadlocked:
        """Wait until it is over; what is agreed comes with how good it is. Raises: TimeoutError, ServiceUnavailable."""
        end = await self.first(NegotiationAgreed, NegotiationDeadlocked, timeout=timeout)
        return cast("NegotiationAgreed | NegotiationDeadlocked", end)


class Negotiations(Collection[Negotiation]):
    """`client.negotiations`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Negotiation)

    async def open(
        self,
        about: str,
        issues: Mapping[str, Sequence[str]],
        parties: Mapping[str, Preferences | Mapping[str, Any] | None],
        *,
        id: str | None = None,
        **options: Unpack[NegotiationOptions],
    ) -> Negotiation:
        """Let parties negotiate; errors as for `Client.send`.

        Args:
            issues: issue → the values that it may take.
            parties: name → what outcomes are worth to it, None if it is not told; one with a `strategy` is played
                by podium.
            options: such as `rounds=5`, `mediator=True`, `turn_seconds=60`; see `OpenNegotiation`.
        """
        negotiation = self(id or new_id("negotiation"))
        fields = {"about": about, "issues": dict(issues), "parties": dict(parties), **options}
        await self._client.send("collaboration", negotiation.id, new_command(OpenNegotiation, fields))
        return negotiation

    async def list(self, *, is_open: bool | None = None, limit: int = 50) -> Sequence[NegotiationRow]:
        """The newest first."""
        return (await self._client.query(ListNegotiations(open=is_open, limit=limit, fresh=True))).negotiations
