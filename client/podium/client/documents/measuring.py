"""How fast a recording is typed again and merged, what it takes up, and whether the text is exact."""

from __future__ import annotations

import time

import msgspec
from msgspec import Raw, Struct
from pycrdt import Doc, Text

from podium.contracts.catalogue import event_type
from podium.contracts.documents import ROOT, DocumentEdited
from podium.contracts.envelope import Envelope

from .recordings import Recording
from .replay import Batch, batches

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
    came first; so if the text is not exact with the writers in their order, the other order is tried.

    Raises:
        BadRecording
    """
    measured = _measured(recording, keystrokes, falling=False)
    if measured.exact or recording.agents == 1:
        return measured
    again = _measured(recording, keystrokes, falling=True)
    return again if again.exact else measured


def _measured(recording: Recording, keystrokes: int, *, falling: bool) -> Measured:
    doc: Doc[Text] = Doc()
    text = doc.get(ROOT, type=Text)
    count = size = stored = 0
    applying = 0.0
    start = time.process_time()
    for batch in batches(recording, keystrokes, falling=falling):
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
