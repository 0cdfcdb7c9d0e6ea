"""An archive is what was signed, or it says which file is not; what is in it is read from any place."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from podium.contracts.subjects import Subjects
from podium.keeper import archive as keeping
from podium.keeper.archive import faults, head, read_manifest, write_manifest, write_piece
from podium.keeper.checkpoint import sign
from podium.keeper.keys import in_text
from podium.runtime.archives import Manifest, matching, unpack
from podium.runtime.pull import Stored
from podium.runtime.shelves import DirectoryShelf, NoArchive
from tests.projections.feed import Feed, life

KEY = Ed25519PrivateKey.generate()
STREAM = "podium-events-router"
EVENTS = [
    *Feed("router", Subjects()).messages([*life("t1", "a1"), *life("t2", "a2")]),
    Stored(9, "podium.evt.router.0.t3.strange", b"\xff\0\n"),
]


@pytest.fixture
async def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryShelf:
    """Of two files, with three events packed together."""
    monkeypatch.setattr(keeping, "FRAME", 3)
    shelf, manifest = DirectoryShelf(tmp_path), Manifest(1, [])
    for events in (EVENTS[:4], EVENTS[4:]):
        piece = await write_piece(shelf, STREAM, head(manifest, STREAM), events)
        manifest = replace(manifest, pieces=[*manifest.pieces, piece])
    await write_manifest(shelf, manifest, sign({}, 1.0, KEY, manifest.digest))
    return shelf


async def found(shelf: DirectoryShelf, manifest: Manifest | None = None) -> list[str]:
    manifest = manifest or await read_manifest(shelf)
    return [fault async for fault in faults(shelf, manifest, in_text(KEY.public_key()))]


async def test_what_was_written_is_read_again(archive: DirectoryShelf):
    assert await found(archive) == []
    manifest = await read_manifest(archive)
    assert [piece.count for piece in manifest.pieces] == [2, 2]
    read = [
        event
        for piece in manifest.pieces
        for frame in range(2)
        for event in unpack(piece, archive.content(piece.file), frame)
    ]
    assert [(e.sequence, e.subject, e.payload) for e in read] == [(e.sequence, e.subject, e.payload) for e in EVENTS]
    assert [event.at for event in read[:8]] == [event.at for event in EVENTS[:8]]
    tasks = matching(["podium.evt.router.*.t2.>", "podium.evt.router.*.*.task_started"])
    piece = manifest.pieces[0]
    assert [e.sequence for e in unpack(piece, archive.content(piece.file), 0, tasks)] == [3]


async def test_a_file_that_was_changed_or_is_gone_is_named(archive: DirectoryShelf, tmp_path: Path):
    first, second = (await read_manifest(archive)).pieces
    whole = archive.content(first.file)
    (tmp_path / first.file).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (tmp_path / second.file).unlink()
    for fault, piece in zip(await found(archive), (first, second), strict=True):
        assert piece.file in fault


async def test_a_manifest_that_was_changed_is_not_what_was_signed(archive: DirectoryShelf):
    manifest = await read_manifest(archive)
    assert "not what was signed" in (await found(archive, replace(manifest, pieces=manifest.pieces[:1])))[0]
    assert "not what was signed" in (await found(archive, replace(manifest, signed=None)))[0]
    cut_off = await found(archive, replace(manifest, pieces=manifest.pieces[1:]))
    assert any("does not follow" in fault for fault in cut_off)
    other = sign({}, 1.0, Ed25519PrivateKey.generate(), manifest.digest)
    assert "another key" in (await found(archive, await write_manifest(archive, manifest, other)))[0]


async def test_events_that_do_not_follow_are_not_archived(tmp_path: Path):
    with pytest.raises(ValueError, match="event 1 is missing"):
        await write_piece(DirectoryShelf(tmp_path), STREAM, head(Manifest(1, []), STREAM), EVENTS[1:])


async def test_a_directory_without_a_manifest_is_no_archive(tmp_path: Path):
    with pytest.raises(NoArchive, match="No such file"):
        await read_manifest(DirectoryShelf(tmp_path))
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(NoArchive, match="cannot be read"):
        await read_manifest(DirectoryShelf(tmp_path))
