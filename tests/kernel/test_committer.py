"""While one append is under way the next round is gathered, and nothing is told before it is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from podium.contracts.outcomes import Outcome
from podium.contracts.subjects import Service, Subjects
from podium.kernel.commands import Incoming
from podium.kernel.committer import ENOUGH, Committer
from podium.kernel.log import Conflict, Record
from podium.kernel.memory import Line, MemoryCommit, MemoryLog, MemoryStreams, result_of
from podium.kernel.partition import Partition
from podium.kernel.ports import Signal
from podium.registry.service import decider
from podium.runtime.pull import Stored

NOW = 1_800_000_000.0
SUBJECTS = Subjects()
STREAM = SUBJECTS.event_stream("registry")


class HeldCommit(MemoryCommit):
    """An append that is stored when it is waited for."""

    def __init__(self, store: Callable[[], int]) -> None:
        super().__init__()
        self.store = store

    async def position(self) -> int:
        self.result = result_of(self.store)
        return await super().position()


class HeldLine(Line):
    """Stores nothing before it is told to, or waited for."""

    def __init__(self) -> None:
        self.under_way: list[HeldCommit] = []

    def append(self, store: Callable[[], int], tell: Callable[[], None]) -> MemoryCommit:
        self.under_way.append(HeldCommit(store))
        return self.under_way[-1]


class Told:
    """An `Inbox` and an `Outbox` that keep what they are told."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.acknowledged: list[str] = []

    active = True

    def commands(self, limit: int) -> list[Incoming]:
        return []

    def follow(self, observed: Mapping[Service, int]) -> None: ...

    def facts(self) -> list[tuple[Service, Sequence[Stored]]]:
        return []

    def signals(self) -> list[Signal]:
        return []

    async def acknowledge(self, last: Incoming) -> None:
        self.acknowledged.append(last.command_id)

    async def wait(self, until: float | None) -> None: ...

    def notify(self) -> None: ...

    async def pause(self, seconds: float) -> None: ...

    async def publish(self, outcomes: Sequence[tuple[Incoming, Outcome]]) -> None:
        self.outcomes += [incoming.command_id for incoming, _ in outcomes]


class Desk:
    """A committer, its log, and what it told."""

    def __init__(self) -> None:
        self.streams = MemoryStreams()
        self.line = HeldLine()
        self.told = Told()
        log = MemoryLog(self.streams, SUBJECTS, "registry", 0, self.line)
        self.committer = Committer(Partition(decider(), SUBJECTS, 0), log, self.told, self.told)

    @property
    def stored(self) -> int:
        return len(self.streams.stream(STREAM))

    def take(self, *names: str) -> None:
        self.committer.take([register(name) for name in names], NOW)


def register(name: str) -> Incoming:
    subject = SUBJECTS.command("registry", "ops", name, "register_agent")
    body = msgspec.json.encode({"skills": {"echo": 0.9}, "slots": 1})
    return Incoming(subject, SUBJECTS.read_command(subject), body, f"c-{name}", "_INBOX.1", None, None, "token")


async def test_what_is_decided_meanwhile_is_one_batch_behind_the_first():
    desk = Desk()
    desk.take(*(f"a{n}" for n in range(10)))
    await desk.committer.advance()
    for n in range(10, 30):
        desk.take(f"a{n}")
        await desk.committer.advance()
    assert (len(desk.line.under_way), desk.stored, desk.told.outcomes) == (1, 0, [])
    await desk.committer.advance(wait=True)
    assert (len(desk.line.under_way), desk.stored) == (2, 30)
    assert desk.told.outcomes == [f"c-a{n}" for n in range(30)]
    assert desk.told.acknowledged == ["c-a9", "c-a29"]
    assert desk.committer.unsettled == []


async def test_an_answer_that_has_come_is_settled_without_waiting():
    desk = Desk()
    desk.take("a1")
    await desk.committer.advance()
    desk.line.under_way[0].result = result_of(desk.line.under_way[0].store)
    desk.line.under_way[0].store = lambda: 1
    await desk.committer.advance()
    assert desk.told.outcomes == ["c-a1"]
    assert not desk.committer.is_storing


async def test_after_a_conflict_all_that_is_not_stored_is_for_the_next_one():
    desk = Desk()
    desk.take("a1", "a2")
    await desk.committer.advance()
    desk.take("a3")
    subject = f"{SUBJECTS.partition('registry', 0)[:-1]}a9.agent_registered"
    desk.streams.append(STREAM, [Record(subject, b"{}")], SUBJECTS.partition("registry", 0), 0)
    with pytest.raises(Conflict):
        await desk.committer.advance(wait=True)
    assert [incoming.command_id for incoming in desk.committer.unsettled] == ["c-a1", "c-a2", "c-a3"]
    assert (desk.told.outcomes, desk.told.acknowledged, desk.stored) == ([], [], 1)


async def test_a_round_is_gathered_up_to_a_size():
    desk = Desk()
    desk.take("first")
    await desk.committer.advance()
    desk.take(*(f"a{n}" for n in range(ENOUGH)))
    before = desk.committer.has_room
    await desk.committer.advance(wait=True)
    assert (before, desk.committer.has_room, desk.stored) == (False, True, ENOUGH + 1)


async def test_a_repeated_command_is_answered_when_the_first_is_stored():
    desk = Desk()
    desk.take("a1")
    await desk.committer.advance()
    desk.take("a1")
    await desk.committer.advance()
    assert desk.told.outcomes == []
    await desk.committer.advance(wait=True)
    assert (desk.told.outcomes, desk.stored) == (["c-a1", "c-a1"], 1)
