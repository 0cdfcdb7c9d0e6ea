"""How fast a recording is typed again and merged, what it takes up, and whether the text is exact."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct
from pycrdt import Doc, Text

from podium.contracts.catalogue import event_type
from podium.contracts.documents import ROOT, DocumentEdited
from podium.contracts.envelope import Envelope

from .recordings import BadRecording, Recording
from .replay import Batch, Reading, batches

_encode = msgspec.json.Encoder().encode


class Measured(Struct, frozen=True, omit_defaults=True):
    """A recording, replayed.

    Attributes:
        keystrokes: how many; what was pasted counts once.
        seconds: processor time of writing, merging into batches and applying.
        keystrokes_per_second: written and applied.
        applied_per_second: applied alone, as a member does who only receives.
        update_bytes_per_keystroke: of the updates themselves.
        stored_bytes_per_keystroke: of the events that hold them, as they are in the log.
        characters: of the text in the end.
        exact: whether that is the recording's own.
        differs_at: the first character that differs.
    """

    kind: str
    writers: int
    keystrokes: int
    batches: int
    seconds: float
    keystrokes_per_second: float
    applied_per_second: float
    update_bytes_per_keystroke: float
    stored_bytes_per_keystroke: float
    characters: int
    exact: bool
    differs_at: int | None = None


def measure(recording: Recording, keystrokes: int) -> Measured:
    """Replay a recording in batches of so many keystrokes.

    Where writers typed at the same place at the same time, algorithms may differ, and recordings do not say whose text
    came first; so if the text is not exact with the writers in their order, the other order is tried. Nor do they say
    what positions count: if code points do not lead to the text, UTF-16 units may.

    Raises:
        BadRecording
    """
    first: Measured | BadRecording | None = None
    for reading in _readings(recording):
        try:
            measured: Measured | BadRecording = _measured(recording, keystrokes, reading)
        except BadRecording as bad:
            measured = bad
        if isinstance(measured, Measured) and measured.exact:
            return measured
        first = first or measured
    if isinstance(first, Measured):
        return first
    assert first is not None
    raise first


def _readings(recording: Recording) -> Iterator[Reading]:
    """The likely ones first."""
    counts = (False, True) if recording.has_wide else (False,)
    orders = (False, True) if recording.agents > 1 else (False,)
    for in_units in counts:
        for falling in orders:
            yield Reading(falling, in_units)


def _measured(recording: Recording, keystrokes: int, reading: Reading) -> Measured:
    doc: Doc[Text] = Doc()
    text = doc.get(ROOT, type=Text)
    count = size = stored = 0
    applying = 0.0
    start = time.process_time()
    for batch in batches(recording, keystrokes, reading):
        before = time.process_time()
        doc.apply_update(batch.update)
        applying += time.process_time() - before
        count += 1
        size += len(batch.update)
        stored += _stored(batch, count)
    seconds = time.process_time() - start
    end = str(text)
    strokes = max(1, recording.keystrokes)
    return Measured(
        kind="concurrent" if recording.is_concurrent else "sequential",
        writers=recording.agents,
        keystrokes=recording.keystrokes,
        batches=count,
        seconds=round(seconds, 3),
        keystrokes_per_second=round(recording.keystrokes / max(seconds, 1e-6)),
        applied_per_second=round(recording.keystrokes / max(applying, 1e-6)),
        update_bytes_per_keystroke=round(size / strokes, 2),
        stored_bytes_per_keystroke=round(stored / strokes, 2),
        characters=len(end),
        exact=end == recording.end,
        differs_at=None if end == recording.end else _difference(end, recording.end),
    )


def _stored(batch: Batch, number: int) -> int:
    """Bytes of the event that holds a batch."""
    event = DocumentEdited(number, batch.update, batch.clients, batch.inserted)
    id, name, source = f"collaboration-0-{number}", "document", "/podium/collaboration/0"
    moment = "2026-01-01T00:00:00.000000Z"
    root = "0123456789abcdef0123456789abcdef"
    return len(_encode(Envelope(id, source, event_type(event), name, moment, root, root, name, Raw(_encode(event)))))


def _difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))
