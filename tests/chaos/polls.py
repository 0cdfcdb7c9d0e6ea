"""Ballots on bad days: what is counted in the end is what each voter said last, of what it heard to be accepted."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from podium.audit.heard import Sent
from podium.audit.recount import Groups, differences
from podium.client import Client
from podium.contracts.ballots import (
    BallotCancelled,
    BallotClosed,
    BallotOpened,
    CastVote,
    CloseBallot,
    OpenBallot,
    WithdrawVote,
)
from podium.contracts.counts import Method
from tests.chaos.heard import Heards
from tests.chaos.log import stored
from tests.chaos.system import CLIENTS

METHODS: Final[tuple[Method, ...]] = ("majority", "weighted", "approval", "borda", "instant_runoff", "schulze")
OPTIONS: Final[list[str]] = ["red", "green", "blue", "grey"]
PAUSE: Final = 0.3
"""Seconds between two votes of a voter, at the most."""


class Word(Struct):
    """What a voter did: a vote, or one taken back; and what it heard of that."""

    voter: int
    id: str
    command: CastVote | WithdrawVote
    heard: Sent


class Poll(Struct):
    """A ballot; `by` and voters are numbers of clients."""

    name: str
    by: int
    id: str
    opening: OpenBallot
    words: list[Word] = field(default_factory=list[Word])
    is_open: bool = False
    is_closed: bool = False


class Polls:
    """Opens ballots, has all clients vote on them at the same time, and closes them."""

    def __init__(self, heards: Heards, seed: int) -> None:
        self.polls: list[Poll] = []
        self._heards = heards
        self._random = random.Random(f"polls {seed}")

    async def hold(self, clients: Sequence[Client]) -> None:
        """One ballot. If it is not known whether it was opened, or closed, that is seen to in the end."""
        poll = self._new()
        self.polls.append(poll)
        poll.is_open = await self._send(clients, poll, poll.id, poll.opening) == "accepted"
        await asyncio.gather(*(self._votes(clients, poll, voter) for voter in range(len(clients))))
        poll.is_closed = await self._send(clients, poll, self._heards.new_id(), CloseBallot()) == "accepted"

    async def faults(self, clients: Sequence[Client]) -> list[str]:
        """What is wrong once of everything it is known what became of it: a sentence for each."""
        for poll in self.polls:
            await self._settle(clients, poll)
        specs: dict[str, BallotOpened] = {}
        receipts: dict[str, BallotClosed] = {}
        ends: Counter[str] = Counter()
        for entity, event in await stored(clients[0], BallotOpened, BallotClosed, BallotCancelled):
            match event:
                case BallotOpened():
                    specs[entity] = event
                case BallotClosed():
                    receipts[entity] = event
                    ends[entity] += 1
                case _:
                    ends[entity] += 1
        found = [f"{poll.name} was closed {n} times" for poll in self.polls if (n := ends[poll.name]) != 1]
        for poll in self.polls:
            if (receipt := receipts.get(poll.name)) is not None:
                papers = counted(poll)
                if receipt.voted != len(papers):
                    found.append(f"{poll.name} has {receipt.voted} votes, and {len(papers)} heard that theirs counts")
                unlike = differences(specs[poll.name], papers, receipt.count)
                found += [f"{poll.name}: {difference}" for difference in unlike]
        return found

    def _new(self) -> Poll:
        random = self._random
        voters = {user: random.choice([1.0, 1.0, 2.5]) for user in CLIENTS} if random.random() < 0.7 else None
        opening = OpenBallot(
            "which?",
            OPTIONS,
            random.choice(METHODS),
            voters,
            secret=random.random() < 0.3,
            tie="lot",
            early=voters is not None and random.random() < 0.2,
        )
        by = random.randrange(len(CLIENTS))
        return Poll(f"poll-{len(self.polls) + 1}", by, self._heards.new_id(), opening)

    async def _votes(self, clients: Sequence[Client], poll: Poll, voter: int) -> None:
        """Votes, changes its mind, says the same again, takes it back; now and then twice at once with one id."""
        last: CastVote | WithdrawVote = WithdrawVote()
        for _ in range(self._random.randint(1, 4)):
            last = last if self._random.random() < 0.15 else self._word()
            id = self._heards.new_id()
            times = 2 if self._random.random() < 0.1 else 1
            hearing = (self._heards.hear(clients[voter], "collaboration", poll.name, last, id) for _ in range(times))
            heard = await asyncio.gather(*hearing)
            known = next((sent for sent in heard if sent.outcome != "unknown"), heard[0])
            poll.words.append(Word(voter, id, last, known))
            await asyncio.sleep(self._random.random() * PAUSE)

    def _word(self) -> CastVote | WithdrawVote:
        random = self._random
        order: list[str] = random.sample(OPTIONS, k=random.randint(1, len(OPTIONS)))
        match random.randrange(10):
            case 0:
                return WithdrawVote()
            case 1:
                return CastVote(abstain=True)
            case 2 | 3 | 4:
                return CastVote(choice=order[0])
            case _:
                return CastVote(rank=[order[:2], *order[2:]] if random.random() < 0.3 else [*order])

    async def _send(self, clients: Sequence[Client], poll: Poll, id: str, command: OpenBallot | CloseBallot) -> str:
        return await self._heards.send(clients[poll.by], "collaboration", poll.name, command, id)

    async def _settle(self, clients: Sequence[Client], poll: Poll) -> None:
        """Ask again, with the same id, until it is known; and close what is open."""
        heards = self._heards
        if not poll.is_open:
            await heards.settle(clients, poll.by, "collaboration", poll.name, poll.opening, poll.id)
        for word in poll.words:
            if word.heard.outcome == "unknown":
                word.heard = await heards.settle(clients, word.voter, "collaboration", poll.name, word.command, word.id)
        if not poll.is_closed:
            await heards.settle(clients, poll.by, "collaboration", poll.name, CloseBallot())


def counted(poll: Poll) -> dict[str, Groups]:
    """Voter → the paper that must count: that of its last accepted word in the order of the log, if it is one."""
    last: dict[int, Word] = {}
    for word in poll.words:
        if word.heard.outcome == "accepted":
            before = last.get(word.voter)
            if before is None or (word.heard.sequence or 0) > (before.heard.sequence or 0):
                last[word.voter] = word
    return {CLIENTS[voter]: _paper(word.command) for voter, word in last.items() if isinstance(word.command, CastVote)}


def _paper(vote: CastVote) -> Groups:
    if vote.choice is not None:
        return [[vote.choice]]
    return [[place] if isinstance(place, str) else place for place in vote.rank or ()]
