"""Ballots in Python: `client.ballots` opens them, votes on them, and waits for what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from podium.contracts.ballot_queries import BallotAnswer, BallotRow, GetBallot, ListBallots
from podium.contracts.ballots import (
    BallotCancelled,
    BallotClosed,
    CancelBallot,
    CastVote,
    CloseBallot,
    WithdrawVote,
)

from ._entity import Entity
from ._options import new_id

if TYPE_CHECKING:
    from ._client import Client


class Ballots:
    """
    ballot = await client.ballots.open("which colour?", ["blue", "green"], voters={"ann": 1, "bob": 1})
    await client.ballots.cast(ballot, choice="blue")
    receipt = await client.ballots.result(ballot)
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def open(self, question: str, options: list[str], *, name: str | None = None, **fields: Any) -> str:
        """Open a ballot and return its name; errors as for `Client.send`.

        Args:
            fields: those of `podium.contracts.ballots.OpenBallot`, such as `method="schulze"`, `voters={"ann": 1}`,
                `quorum=3`, `deadline=time.time() + 60`, `secret=True`, `tie="lot"`, `early=True`.
        """
        name = name or new_id("ballot")
        body = {"question": question, "options": options, **fields}
        await self._client.send("collaboration", name, ("open_ballot", body))
        return name

    async def cast(
        self,
        ballot: str,
        *,
        choice: str | None = None,
        approve: list[str] | None = None,
        rank: list[str | list[str]] | None = None,
        abstain: bool = False,
    ) -> None:
        """Vote, or vote anew, as the client's principal; errors as for `Client.send`."""
        await self._client.send("collaboration", ballot, CastVote(choice, approve, rank, abstain))

    async def withdraw(self, ballot: str) -> None:
        await self._client.send("collaboration", ballot, WithdrawVote())

    async def close(self, ballot: str) -> BallotClosed | BallotCancelled:
        """Count now, and return the receipt; errors as for `Client.send`."""
        await self._client.send("collaboration", ballot, CloseBallot())
        return await self.result(ballot)

    async def cancel(self, ballot: str, reason: str) -> None:
        await self._client.send("collaboration", ballot, CancelBallot(reason))

    async def get(self, ballot: str) -> BallotAnswer:
        """Raises: QueryFailed if there is none."""
        return await self._client.query(GetBallot(ballot=ballot, fresh=True))

    async def list(self, *, is_open: bool | None = None, limit: int = 50) -> list[BallotRow]:
        """The newest first."""
        return (await self._client.query(ListBallots(open=is_open, limit=limit, fresh=True))).ballots

    async def result(self, ballot: str, *, timeout: float | None = None) -> BallotClosed | BallotCancelled:
        """Wait until it is over.

        Raises:
            TimeoutError: it is still open after so many seconds.
        """
        end = await Entity(self._client, ballot).first(BallotClosed, BallotCancelled, timeout=timeout)
        return cast("BallotClosed | BallotCancelled", end)
