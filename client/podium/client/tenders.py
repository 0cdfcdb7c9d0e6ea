"""Tenders in Python: a job is announced, agents bid, the best bid gets it.

tender = await client.tenders.announce("paint it", seconds=60, bidders=["ann", "bob"])
await tender.bid(20, seconds=600)
closed = await tender.result()
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from podium.contracts.tender_queries import GetTender, ListTenders, TenderAnswer, TenderRow
from podium.contracts.tenders import (
    AnnounceTask,
    AwardBid,
    CancelTender,
    ContractAwarded,
    Criteria,
    PlaceBid,
    ReportAward,
    TenderClosed,
    WithdrawBid,
)

from ._entity import Collection, Entity, new_command
from ._options import new_id

if TYPE_CHECKING:
    from ._client import Client


class Tender(Entity):
    """One tender; the client's principal is its manager, or bids."""

    async def bid(self, price: float, *, seconds: float = 0.0, quality: float = 0.0, note: str = "") -> None:
        """Bid, or bid anew, until the deadline.

        Args:
            seconds: that it will take.
            quality: of what will be delivered, 0–1.
        """
        fields = {"price": price, "seconds": seconds, "quality": quality, "note": note}
        await self._send(new_command(PlaceBid, fields))

    async def withdraw(self) -> None:
        """Take one's bid back, before the job is awarded."""
        await self._send(WithdrawBid())

    async def award(self, bidder: str) -> None:
        """Give the job to a bidder, as its manager."""
        await self._send(AwardBid(bidder))

    async def report(self, *, done: bool, reason: str = "") -> None:
        """Say what became of the job, as the contractor; after a failure the next best bid gets it."""
        await self._send(ReportAward(done, reason))

    async def cancel(self, reason: str = "") -> None:
        """End it, as its manager."""
        await self._send(CancelTender(reason))

    async def get(self) -> TenderAnswer:
        """The tender and the bids that stand. Raises: QueryFailed, ServiceUnavailable."""
        return await self._client.query(GetTender(tender=self.id, fresh=True))

    async def awarded(self, timeout: float | None = None) -> ContractAwarded | TenderClosed:
        """Wait until somebody has the job, or nobody gets it. Raises: TimeoutError, ServiceUnavailable."""
        found = await self.first(ContractAwarded, TenderClosed, timeout=timeout)
        return cast("ContractAwarded | TenderClosed", found)

    async def result(self, timeout: float | None = None) -> TenderClosed:
        """Wait until it is over. Raises: TimeoutError, ServiceUnavailable."""
        return cast(TenderClosed, await self.first(TenderClosed, timeout=timeout))


class Tenders(Collection[Tender]):
    """`client.tenders`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Tender)

    async def announce(
        self,
        task: str,
        *,
        seconds: float,
        bidders: Sequence[str] | None = None,
        criteria: Criteria | None = None,
        manual: bool = False,
        id: str | None = None,
    ) -> Tender:
        """Ask for bids; errors as for `Client.send`.

        Args:
            seconds: until the deadline of bids.
            bidders: who may bid; None for everybody.
            criteria: how much price, time and quality matter; the price alone by default.
            manual: the manager awards it itself.
        """
        tender = self(id or new_id("tender"))
        fields = {
            "task": task,
            "deadline": time.time() + seconds,
            "bidders": None if bidders is None else list(bidders),
            "criteria": criteria or Criteria(),
            "manual": manual,
        }
        await self._client.send("collaboration", tender.id, new_command(AnnounceTask, fields))
        return tender

    async def list(self, *, is_open: bool | None = None, limit: int = 50) -> Sequence[TenderRow]:
        """The newest first."""
        return (await self._client.query(ListTenders(open=is_open, limit=limit, fresh=True))).tenders
