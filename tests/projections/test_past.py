"""Any question may be asked as of any moment: the answer is the one that was given then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.contracts.subjects import Subjects
from podium.projections import copying
from podium.projections.copies import Copies, to_drop
from podium.projections.process import Copying
from podium.projections.shadow import Shadow
from tests.nats_server import NatsServer
from tests.projections.feed import completed, submitted
from tests.projections.postgres import new_database
from tests.projections.running import Refusal, Running, everything, write_history


class RunningWithCopies(Running):
    """Copies are made of its database by hand, so that a test knows where they are."""

    def __init__(self, nats_url: str, subjects: Subjects, file: Path) -> None:
        super().__init__(nats_url, subjects, f"sqlite:///{file}")
        self.file, self.copies = file, file.with_suffix(".past")
        self.copying = Copying(self.copies, 8, 1_000_000, file)

    def keep(self) -> None:
        Copies(self.copies, 8).keep(self.file, {})


@pytest_asyncio.fixture(loop_scope="session")
async def on_postgres(
    shared_nats: NatsServer, subjects: Subjects, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    """Copies are made beside it, of every event."""
    monkeypatch.setattr(copying, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(Shadow, "share", 1.0)
    running = Running(shared_nats.url, subjects, new_database(postgres_url))
    running.copying = Copying(tmp_path / "past", 8, 1, None)
    async with running:
        yield running


@pytest.mark.asyncio(loop_scope="session")
async def test_of_a_read_model_in_postgresql_there_are_copies_too(on_postgres: Running, tmp_path: Path):
    await write_history(on_postgres, 9)
    then, positions = await everything(on_postgres), (await on_postgres.ask("system.overview")).positions
    copies, events = Copies(tmp_path / "past", 8), sum(positions.values())
    async with asyncio.timeout(60):
        while not (kept := copies.all()) or kept[-1].events < events:
            await asyncio.sleep(0.02)
    await write_history(on_postgres, 12, first=9)
    asked = on_postgres.ask

    async def ask_as_of(query: str, **body: Any) -> Any:
        return await asked(query, as_of=positions, **body)

    on_postgres.ask = ask_as_of  # type: ignore[method-assign]
    assert await everything(on_postgres) == then


@pytest_asyncio.fixture(loop_scope="session")
async def running(shared_nats: NatsServer, subjects: Subjects, tmp_path: Path) -> AsyncIterator[RunningWithCopies]:
    async with RunningWithCopies(shared_nats.url, subjects, tmp_path / "read-model.db") as running:
        yield running


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("copied", [False, True])
async def test_every_question_as_of_then_has_the_answer_of_then(running: RunningWithCopies, copied: bool):
    await write_history(running, 9)
    then = await everything(running)
    positions = (await running.ask("system.overview")).positions
    if copied:
        running.keep()
    await write_history(running, 12, first=9)
    await running.router.write(completed("t1", "a2"))
    assert await everything(running) != then

    asked = running.ask

    async def ask_as_of(query: str, **body: Any) -> Any:
        return await asked(query, as_of=positions, **body)

    running.ask = ask_as_of  # type: ignore[method-assign]
    assert await everything(running) == then


@pytest.mark.asyncio(loop_scope="session")
async def test_a_time_is_where_each_stream_was_then(running: RunningWithCopies):
    await running.router.write(submitted("t1"))
    (task,) = (await running.ask("tasks.list")).tasks
    await running.router.write(submitted("t2"))
    running.keep()  # which is no help: it is of later
    assert [t.task_id for t in (await running.ask("tasks.list", as_of=task.submitted_at)).tasks] == ["t1"]
    assert (await running.ask("tasks.list", as_of=task.submitted_at - 1e-3)).tasks == []
    assert len((await running.ask("tasks.list", as_of=9e9)).tasks) == 2
    stream = running.subjects.event_stream("router")
    assert len((await running.ask("tasks.list", as_of={stream: 99})).tasks) == 2
    for wrong in ({"elsewhere": 1}, {stream: -1}, -1.0, "yesterday"):
        with pytest.raises(Refusal, match=r"\$\.as_of") as refusal:
            await running.ask("tasks.list", as_of=wrong)
        assert refusal.value.error.code == "invalid"
    answers = await asyncio.gather(*(running.ask("tasks.list", as_of={stream: n % 3}) for n in range(12)))
    assert [len(answer.tasks) for answer in answers] == [0, 1, 2] * 4


@pytest.mark.asyncio(loop_scope="session")
async def test_a_damaged_copy_is_passed_over(running: RunningWithCopies):
    await write_history(running, 3)
    positions = (await running.ask("system.overview")).positions
    running.keep()
    (packed,) = running.copies.glob("*.zst")
    packed.write_bytes(b"not a database")
    assert len((await running.ask("tasks.list", as_of=positions)).tasks) == 3
    assert not list(running.copies.iterdir())


@given(st.lists(st.integers(min_value=1, max_value=50_000), min_size=1, max_size=120))
@settings(max_examples=30, deadline=None)
def test_copies_are_few_the_newest_is_there_and_gaps_grow_with_age(steps: list[int]):
    kept: list[int] = []
    for step in steps:
        kept.append((kept[-1] if kept else 0) + step)
        while (index := to_drop(kept, 8)) is not None:
            del kept[index]
    assert len(kept) <= 8
    assert kept[-1] == sum(steps)


def test_gaps_of_an_even_stream():
    kept: list[int] = []
    for number in range(1, 1001):
        kept.append(number)
        while (index := to_drop(kept, 16)) is not None:
            del kept[index]
    gaps = [after - before for before, after in zip([0, *kept], kept, strict=False)]
    assert max(gaps[-4:]) < max(gaps[:4])
    assert max(gaps) <= 500
