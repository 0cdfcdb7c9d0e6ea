"""A secret ballot on a podium whose service is killed: votes count once, agents are asked, papers stay sealed."""

from __future__ import annotations

import asyncio

import nats
import pytest

from podium.client import Agent, Client, CommandRefused, VoteRequest
from podium.contracts.ballots import BallotClosed, VoteCast
from tests.podium_system import Podium

SECONDS = 60.0


async def test_a_secret_ballot_across_a_kill(own_podium: Podium):
    agent, stop = Agent("dora"), asyncio.Event()
    asked: list[VoteRequest] = []

    @agent.votes
    async def vote(request: VoteRequest) -> str:
        asked.append(request)
        return "green"

    async with (
        asyncio.timeout(2 * SECONDS),
        Client(own_podium.url, "ann", patience=SECONDS) as ann,
        Client(own_podium.url, "ops", patience=SECONDS) as ops,
    ):
        voters = {"ann": 1, "dora": 1}
        ballot = await ops.ballots.open("which?", ["blue", "green"], voters=voters, secret=True, early=True)
        with pytest.raises(CommandRefused, match="bad_paper"):
            await ann.ballots.cast(ballot, choice="mauve")
        await ann.ballots.cast(ballot, choice="blue")
        await own_podium.kill("collaboration")
        await ann.ballots.cast(ballot, choice="green")
        serving = asyncio.create_task(agent.serve(own_podium.url, stop=stop, patience=SECONDS))
        receipt = await ops.ballots.result(ballot)
        stop.set()
        await serving
        assert isinstance(receipt, BallotClosed)
        assert (receipt.result, receipt.winner, receipt.voted) == ("won", "green", 2)
        assert [request.ballot for request in asked] == [ballot]
        shown = await ops.ballots.get(ballot)
        assert (shown.ballot.result, shown.votes) == ("won", {})
        cast = [
            received.data
            async for received in ops.events(service="collaboration", entity=ballot, types=[VoteCast], follow=False)
        ]
        assert [(each.voter, each.number, each.paper) for each in cast if isinstance(each, VoteCast)] == [
            ("ann", 1, None),
            ("ann", 2, None),
            ("dora", 1, None),
        ]
        kept = await _refusals(own_podium.url, ops.subjects.refusal_stream())
        assert kept
        assert not any(b"mauve" in message for message in kept)


async def _refusals(url: str, stream: str) -> list[bytes]:
    """Every message of the refusals' stream."""
    nc = await nats.connect(url)
    try:
        jetstream = nc.jetstream()
        last = (await jetstream.stream_info(stream)).state.last_seq
        messages = [await jetstream.get_msg(stream, sequence) for sequence in range(1, last + 1)]
        return [message.data or b"" for message in messages]
    finally:
        await nc.close()
