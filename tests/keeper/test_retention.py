"""The keeper cuts by itself what a setting lets go, as `podium archive cut` does, and tells what became of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from podium.keeper import archiving, export
from podium.keeper.archive import faults, read_manifest
from podium.keeper.checkpoint import Checkpoint
from podium.keeper.retention import DAY, Retention
from podium.keeper.settings import Settings
from podium.keeper.wishes import Wish, span
from podium.runtime.cuts import Cut, read_cut
from podium.runtime.jsapi import first_sequence, stored_at
from podium.runtime.shelves import NoArchive, shelf
from tests.keeper.kept import LIVES, Kept
from tests.projections.feed import life

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = 4 * LIVES
"""Of the router."""


async def look(kept: Kept, later: float = 0.0, **settings: Any) -> Cut:
    """One look, so many seconds from now, told to whoever asks."""
    assert kept.place.directory is not None
    every: dict[str, Any] = {"nats": kept.nats_url, "prefix": kept.subjects.prefix, "archive": kept.place.directory}
    retention = Retention(kept.nc, kept.subjects, Settings(**every, **settings), kept.place.directory)
    cut = await retention.look(time.time() + later)
    assert await read_cut(kept.nc, kept.subjects) == cut
    return cut


def files_of(kept: Kept) -> list[Path]:
    return list(Path(str(kept.place.directory)).iterdir())


async def first(kept: Kept) -> int:
    return await first_sequence(kept.nc, kept.subjects.event_stream("router"))


async def test_what_is_beyond_the_number_is_archived_and_cut_and_is_read_as_before(kept: Kept):
    before = await kept.events("router")
    await kept.until_kept()
    await kept.snapshot()
    cut = await look(kept, keep_events=5)
    assert (cut.fault, cut.events) == (None, EVENTS - 5)
    assert await first(kept) == EVENTS - 5 + 1
    assert [event.payload for event in await kept.events("router")] == [event.payload for event in before]
    files = shelf(kept.nc, kept.subjects, kept.place)
    manifest = await read_manifest(files)
    assert [fault async for fault in faults(files, manifest, None)] == []
    assert manifest.end(kept.subjects.event_stream("router")) == EVENTS
    again = await look(kept, keep_events=5)
    assert (again.fault, again.events) == (None, 0)
    assert await read_manifest(files) == manifest


async def test_what_is_young_stays(kept: Kept):
    await kept.until_kept()
    await kept.snapshot()
    assert (await look(kept, keep_days=1.0)).events == 0
    assert (await look(kept, later=2 * DAY, keep_days=1.0, keep_events=EVENTS)).events == 0
    assert files_of(kept) == []
    assert (await look(kept, later=2 * DAY, keep_days=1.0)).fault is None
    assert await first(kept) == EVENTS


async def test_a_moment_is_found_in_a_stream(kept: Kept):
    stream = kept.subjects.event_stream("router")
    times = [await stored_at(kept.nc, stream, sequence) for sequence in range(1, EVENTS + 1)]
    older = sum(at < times[9] for at in times)
    assert await span(kept.nc, stream, Wish(1, before=times[9])) == (1, older)
    assert await span(kept.nc, stream, Wish(1, before=0.0)) == (1, 0)
    assert await span(kept.nc, stream, Wish(7, before=time.time() + DAY)) == (1, EVENTS - 7)
    assert await span(kept.nc, stream, Wish(EVENTS, before=time.time() + DAY)) == (1, 0)


async def test_what_cannot_be_cut_is_told_and_stays(kept: Kept):
    await kept.until_kept()
    cut = await look(kept, keep_events=5)
    assert cut.fault is not None
    assert cut.fault.startswith("no_snapshot: ")
    assert await first(kept) == 1
    (Path(str(kept.place.directory)) / "manifest.json").write_text("{}")
    cut = await look(kept, keep_events=5)
    assert cut.fault is not None
    assert await first(kept) == 1
    await kept.snapshot()


@pytest.mark.parametrize("wrong", [{"keep_days": 1}, {"keep_events": 9}, {"keep_days": 0, "archive": "objects"}])
async def test_what_cannot_be_set(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        Settings(**wrong)
    assert Settings(keep_events=9, archive="objects").cut_to == "objects"
    assert Settings(archive="objects").cut_to is None


async def test_of_two_who_add_to_an_archive_the_second_changes_nothing(kept: Kept, monkeypatch: pytest.MonkeyPatch):
    await kept.archive()
    await kept.router.write(*life("later", "a0"))
    sign, files = export.sealed, shelf(kept.nc, kept.subjects, kept.place)

    async def slow(*arguments: Any) -> Checkpoint:
        monkeypatch.setattr(archiving, "sealed", sign)
        await kept.archive()
        await kept.router.write(*life("last", "a0"))
        return await sign(*arguments)

    monkeypatch.setattr(archiving, "sealed", slow)
    with pytest.raises(NoArchive, match="somebody else"):
        await kept.archive()
    manifest = await read_manifest(files)
    assert manifest.end(kept.subjects.event_stream("router")) == EVENTS + 4
    assert [fault async for fault in faults(files, manifest, None)] == []
