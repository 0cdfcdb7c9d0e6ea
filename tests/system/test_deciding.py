"""An agent is asked for stands, turns, bids and consent, and told of jobs and resources: also what it has missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from podium.client import Agent, Award, BidRequest, Client, Grant, Resolution, StandRequest, TurnRequest
from podium.client.cli import main
from podium.contracts.conflicts import ConflictAppealed
from podium.contracts.negotiations import NegotiationAgreed
from tests.podium_system import Podium

PAGE = (Path(__file__).parents[2] / "docs" / "collaboration.md").read_text()
SECONDS = 60.0
PRICES = {"price": ["low", "middle", "high"]}
SELLER: dict[str, Any] = {"values": {"price": {"high": 1.0, "middle": 0.5}}, "strategy": "linear"}


class Decider:
    """An agent that answers everything, and what it was asked."""

    def __init__(self, name: str) -> None:
        self.agent = Agent(name)
        self.asked: list[object] = []
        self.jobs_fail = 0

        @self.agent.on_proposal
        async def judge(asked: StandRequest) -> bool | str:
            self.asked.append(asked)
            return True if asked.text == "Spaces." else "Spaces."

        @self.agent.negotiates
        def bargain(asked: TurnRequest) -> bool | dict[str, str]:
            self.asked.append(asked)
            return True if asked.standing == {"price": "middle"} else {"price": "middle"}

        @self.agent.bids
        async def bid(asked: BidRequest) -> float:
            self.asked.append(asked)
            return 10.0

        @self.agent.on_award
        async def work(job: Award) -> None:
            self.asked.append(job)
            if self.jobs_fail:
                self.jobs_fail -= 1
                raise RuntimeError("the ladder is too short")

        @self.agent.on_grant
        async def use(grant: Grant) -> None:
            self.asked.append(grant)

        @self.agent.on_conflict
        async def hear(resolution: Resolution) -> str | None:
            self.asked.append(resolution)
            return "my deadline is nearer" if resolution.goals else None

    @asynccontextmanager
    async def serving(self, url: str) -> AsyncGenerator[None]:
        stop, ready = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(self.agent.serve(url, stop=stop, ready=ready.set, patience=SECONDS))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()
            await serving

    def of(self, kind: type) -> list[Any]:
        return [asked for asked in self.asked if isinstance(asked, kind)]


async def test_what_was_asked_while_the_agent_was_away_is_asked_when_it_comes(shared_podium: Podium):
    decider, url = Decider("decider-1"), shared_podium.url
    async with (
        asyncio.timeout(2 * SECONDS),
        Client(url, "ops") as ops,
        Client(url, "decider-1") as own,
        Client(url, "other-1") as other,
    ):
        proposal = await ops.proposals.open("Tabs.", ["decider-1"], rounds=2)
        negotiation = await ops.negotiations.open("the job", PRICES, {"seller-1": SELLER, "decider-1": None})
        tender = await ops.tenders.announce("paint it", seconds=SECONDS, bidders=["decider-1"], manual=True)
        await other.conflicts.claim("press-1", priority=7, seconds=600)
        await own.conflicts.claim("press-1", priority=3)
        goals = {"decider-1": {"goals": ["be-concise"]}, "other-1": {"goals": ["be-thorough"]}}
        (conflict,) = await ops.conflicts.detect("memo-1", goals)
        async with decider.serving(url):
            closed = await proposal.result()
            assert (closed.accepted, closed.text, closed.round) == (True, "Spaces.", 2)
            agreed = await negotiation.result()
            assert isinstance(agreed, NegotiationAgreed)
            assert agreed.offer == {"price": "middle"}
            appealed = await conflict.first(ConflictAppealed, timeout=None)
            assert appealed == ConflictAppealed("decider-1", "my deadline is nearer")
            await other.conflicts.release("press-1")
            while not (await tender.get()).bids:
                await asyncio.sleep(0.05)
            await tender.award("decider-1")
            ended = await tender.result()
            assert (ended.result, ended.bidder) == ("done", "decider-1")
            while any(row.resource == "press-1" for row in await ops.conflicts.resources(is_open=True)):
                await asyncio.sleep(0.05)
    assert [asked.round for asked in decider.of(StandRequest)] == [1, 2]
    first = decider.of(TurnRequest)[0]
    assert (first.round, first.preferences) == (1, None)
    assert decider.of(BidRequest)[0].by == "ops"
    assert decider.of(Award) == [Award(tender.id, "paint it")]
    assert [(grant.resource, grant.priority) for grant in decider.of(Grant)] == [("press-1", 3)]
    assert {asked.kind for asked in decider.of(Resolution)} == {"resource", "goal"}


async def test_a_job_that_fails_goes_to_the_next_and_what_is_answered_is_not_asked_again(shared_podium: Podium):
    decider, url = Decider("decider-2"), shared_podium.url
    decider.jobs_fail = 1
    async with asyncio.timeout(2 * SECONDS), Client(url, "ops") as ops, Client(url, "other-2") as other:
        async with decider.serving(url):
            tender = await ops.tenders.announce(
                "paint it", seconds=SECONDS, bidders=["decider-2", "other-2"], manual=True
            )
            await other.tenders(tender.id).bid(20)
            while len((await tender.get()).bids) < 2:
                await asyncio.sleep(0.05)
            await tender.award("decider-2")
            while not (await tender.get()).tender.failed:
                await asyncio.sleep(0.05)
            await tender.award("other-2")
            await other.tenders(tender.id).report(done=True)
            assert (await tender.result()).bidder == "other-2"
        again = Decider("decider-2")
        async with again.serving(url):
            proposal = await ops.proposals.open("Spaces.", ["decider-2"])
            assert (await proposal.result()).accepted
        assert [type(asked) for asked in again.asked] == [StandRequest]


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("## Consensus", "True consensus Spaces."),
        ("## Negotiations", "{'price': 'high', 'time': 'month'} bob\n{'price': 'high', 'time': 'week'} True 0.0"),
        ("### Tenders", "done"),
        ("## Conflicts", "{'maximize-speed': 0.75, 'ensure-accuracy': 0.25}"),
    ],
)
async def test_the_examples_of_the_docs_run(
    shared_podium: Podium,
    section: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("PODIUM_NATS", shared_podium.url)
    code = PAGE.split(f"\n{section}\n")[1].split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {"Client": Client}
    exec(f"async def example():\n{indent(code, '    ')}", names)
    async with asyncio.timeout(SECONDS):
        await names["example"]()
    assert says in capsys.readouterr().out


async def test_a_job_and_a_vote_at_a_terminal(shared_podium: Podium, capsys: pytest.CaptureFixture[str]):
    async def podium(*words: str) -> str:
        """What a command says; it must be done."""
        async with asyncio.timeout(SECONDS):
            code = await asyncio.to_thread(main, [*words, "--nats", shared_podium.url])
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    await podium("negotiate", "announce", "roof-1", "mend it", "--seconds", "600", "--bidder", "ann-1", "--manual")
    await podium("negotiate", "bid", "roof-1", "20", "--as", "ann-1")
    assert await podium("negotiate", "award", "roof-1", "ann-1") == "awarded  roof-1\n"
    await podium("negotiate", "report", "roof-1", "--done", "--as", "ann-1")
    assert "done" in await podium("negotiate", "tenders", "roof-1")
    await podium("vote", "open", "wall-1", "?", "blue", "red", "--method", "borda", "--voter", "ann-1", "--early")
    assert "wall-1  open  0 voted  ?" in await podium("vote", "list")
    await podium("vote", "cast", "wall-1", "red", "blue", "--as", "ann-1")
    shown = await podium("vote", "show", "wall-1")
    assert "red wins by borda, by 1" in shown
    assert "ann-1: red > blue" in shown
    assert json.loads(await podium("vote", "show", "wall-1", "--json"))["ballot"]["count"]["flip"]["papers"] == 1
