"""An archive is what was signed, or it says which file is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from podium.contracts.subjects import Subjects
from podium.keeper.archive import Manifest, NoArchive, faults, read_manifest, read_piece, write_manifest, write_piece
from podium.keeper.checkpoint import sign
from podium.keeper.keys import in_text
from podium.runtime.pull import Stored
from tests.projections.feed import Feed, life

KEY = Ed25519PrivateKey.generate()
STREAM = "podium-events-router"
EVENTS = [
    *Feed("router", Subjects()).messages([*life("t1", "a1"), *life("t2", "a2")]),
    Stored(9, "podium.evt.router.0.t3.strange", b"\xff\0\n"),
]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Of two files."""
    manifest = Manifest(1, [])
    for events in (EVENTS[:4], EVENTS[4:]):
        piece = write_piece(tmp_path, STREAM, manifest.head(STREAM), events)
        manifest = replace(manifest, pieces=[*manifest.pieces, piece])
    write_manifest(tmp_path, replace(manifest, signed=sign({}, 1.0, KEY, manifest.digest)))
    return tmp_path


def found(directory: Path, manifest: Manifest | None = None) -> list[str]:
    return list(faults(directory, manifest or read_manifest(directory), in_text(KEY.public_key())))


def test_what_was_written_is_read_again(archive: Path):
    assert found(archive) == []
    read = [event for piece in read_manifest(archive).pieces for event in read_piece(archive, piece)]
    assert [(e.sequence, e.subject, e.payload) for e in read] == [(e.sequence, e.subject, e.payload) for e in EVENTS]


def test_a_file_that_was_changed_or_is_gone_is_named(archive: Path):
    first, second = read_manifest(archive).pieces
    content = (archive / first.file).read_bytes()
    (archive / first.file).write_bytes(content[:-1] + b"?")
    (archive / second.file).unlink()
    assert [fault.split()[0].rstrip(":") for fault in found(archive)] == [first.file, second.file]


def test_a_manifest_that_was_changed_is_not_what_was_signed(archive: Path):
    manifest = read_manifest(archive)
    assert "not what was signed" in found(archive, replace(manifest, pieces=manifest.pieces[:1]))[0]
    assert "not what was signed" in found(archive, replace(manifest, signed=None))[0]
    assert any("does not follow" in fault for fault in found(archive, replace(manifest, pieces=manifest.pieces[1:])))
    other = replace(manifest, signed=sign({}, 1.0, Ed25519PrivateKey.generate(), manifest.digest))
    assert "another key" in found(archive, other)[0]


def test_events_that_do_not_follow_are_not_archived(tmp_path: Path):
    with pytest.raises(ValueError, match="event 1 is missing"):
        write_piece(tmp_path, STREAM, Manifest(1, []).head(STREAM), EVENTS[1:])


def test_a_directory_without_a_manifest_is_no_archive(tmp_path: Path):
    with pytest.raises(NoArchive, match="has no"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(NoArchive, match="cannot be read"):
        read_manifest(tmp_path)
