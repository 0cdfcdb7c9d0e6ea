"""Consensus in Python: a text is put to its members, round by round.

proposal = await client.proposals.open("Tabs.", ["ann", "bob"], rounds=2)
await proposal.object("they are wide", amendment="Spaces.")
closed = await proposal.result()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack, cast

from podium.contracts.consensus import Fallback, OpenProposal, ProposalClosed, TakeStand, WithdrawProposal
from podium.contracts.proposal_queries import GetProposal, ListProposals, ProposalAnswer, ProposalRow

from ._entity import Collection, Entity, new_command
from ._options import new_id

if TYPE_CHECKING:
    from ._client import Client


class ProposalOptions(TypedDict, total=False):
    """The fields of an `OpenProposal`; for their meaning and defaults see there."""

    threshold: float
    rounds: int
    round_seconds: float | None
    fallback: Fallback | None


class Proposal(Entity):
    """One proposal; the client's principal speaks."""

    async def accept(self, reason: str = "") -> None:
        await self._send(TakeStand("accept", reason))

    async def object(self, reason: str = "", *, amendment: str | None = None) -> None:
        """`amendment`: the text to which one would agree."""
        await self._send(TakeStand("object", reason, amendment))

    async def abstain(self, reason: str = "") -> None:
        await self._send(TakeStand("abstain", reason))

    async def withdraw(self, reason: str = "") -> None:
        """Take it back, as who opened it."""
        await self._send(WithdrawProposal(reason))

    async def get(self) -> ProposalAnswer:
        """Raises: QueryFailed, ServiceUnavailable."""
        return await self._client.query(GetProposal(proposal=self.id, fresh=True))

    async def result(self, timeout: float | None = None) -> ProposalClosed:
        """Wait until it is over. Raises: TimeoutError, ServiceUnavailable."""
        return cast(ProposalClosed, await self.first(ProposalClosed, timeout=timeout))


class Proposals(Collection[Proposal]):
    """`client.proposals`."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, Proposal)

    async def open(
        self, text: str, members: Sequence[str], *, id: str | None = None, **options: Unpack[ProposalOptions]
    ) -> Proposal:
        """Put a text to its members; errors as for `Client.send`.

        Args:
            options: such as `threshold=0.75`, `rounds=2`, `fallback="supermajority"`; see `OpenProposal`.
        """
        proposal = self(id or new_id("proposal"))
        command = new_command(OpenProposal, {"text": text, "members": list(members), **options})
        await self._client.send("collaboration", proposal.id, command)
        return proposal

    async def list(self, *, is_open: bool | None = None, limit: int = 50) -> Sequence[ProposalRow]:
        """The newest first."""
        return (await self._client.query(ListProposals(open=is_open, limit=limit, fresh=True))).proposals
