"""Shared documents: recordings of people at the keyboard, typed again, merged by the rules, and what they take up."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from string import ascii_lowercase

from podium.client.documents.measuring import measure
from podium.client.documents.recordings import Patch, Recording, Run, read_recording
from podium.client.documents.replay import batches
from podium.collaboration.service import Collaboration
from podium.contracts.documents import CreateDocument, EditDocument
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Request

from .options import Measurement, Options
from .result import Figure, Goal

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "editing"
BATCH = 500
"""Keystrokes in a command."""


async def run(options: Options) -> list[Figure]:
    found = [*recordings(options.quick), ("random", scattered(5_000 if options.quick else 50_000))]
    if len(found) == 1:
        options.notes["podium"] = f"without recordings, for there is no {FOLDER}"
    figures: list[Figure] = []
    for name, recording in found:
        rounds = [measure(recording, BATCH) for _ in range(options.rounds)]
        label = f"{name}, {recording.keystrokes:,} keystrokes"
        typed = [float(one.keystrokes_per_second) for one in rounds]
        figures += [
            Figure(f"{label}: typed and merged", "/s", typed, Goal("least", 20_000.0)),
            Figure("· merged alone", "/s", [float(one.applied_per_second) for one in rounds]),
            Figure(
                "· merged by the service's rules", "/s", [ruled(recording) for _ in rounds], Goal("least", 20_000.0)
            ),
            Figure("· stored", "bytes", [one.stored_bytes_per_keystroke for one in rounds]),
            Figure("· text is exact", "of 1", [float(one.exact) for one in rounds], Goal("least", 1.0)),
        ]
    return figures


def recordings(quick: bool) -> Iterator[tuple[str, Recording]]:
    """All that are there, by name; the first alone if quick."""
    files = sorted(FOLDER.glob("*.json.gz"))
    for file in files[:1] if quick else files:
        yield file.name.removesuffix(".json.gz"), read_recording(gzip.decompress(file.read_bytes()))


def scattered(keystrokes: int) -> Recording:
    """One character at a time, each at a place of its own: nothing that can be joined, and as many pieces."""
    random, text = Random(1), ""
    patches: list[Patch] = []
    for _ in range(keystrokes):
        place = random.randint(0, len(text))
        character = random.choice(ascii_lowercase)
        patches.append(Patch(place, 0, character))
        text = text[:place] + character + text[place:]
    return Recording(False, 1, keystrokes, text, [Run(0, [], patches)])


def ruled(recording: Recording) -> float:
    """Keystrokes a second that the service decides and folds."""
    decider = Collaboration()
    state = decider.initial()
    commands = [EditDocument(batch.update) for batch in batches(recording, BATCH)]
    started = time.process_time()
    for command in (CreateDocument(max_bytes=64 * 1024 * 1024), *commands):
        decided = decider.decide(state, Request("ann", "page", command), 0.0)
        assert not isinstance(decided, Refused), decided
        for emit in decided:
            decider.evolve(state, emit.entity, emit.event, "ann", 0.0)
    return recording.keystrokes / (time.process_time() - started)


MEASUREMENT = Measurement(
    title="Shared documents",
    setting=(
        "Recordings of editing-traces, and one of characters typed at random places; "
        f"batches of {BATCH} keystrokes, each a Yjs update in an event of its own. "
        "Typed: keystrokes on replicas, sent as updates, merged into another one; bytes are those of whole events. "
        "Processor time."
    ),
    run=run,
)
