"""A recording, typed again: each writer on a replica of its own, as shared documents are really edited.

A replica moves on to the version that its writer saw by the updates that it lacks, which version vectors name; it is
never taken back, since a writer's own work is in one line. Where a recording has a writer in two places at once, each
line of its work has its own replica and its own client id.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from pycrdt import Doc, Text, merge_updates

from podium.contracts.documents import ROOT, SERVICE_CLIENT

from .recordings import BadRecording, Patch, Recording
from .splices import Spliced, joined

_FIRST_CLIENT: Final = SERVICE_CLIENT + 1
"""Where two type at the same place, the text of the one with the lower client id comes first."""

_LIVE_REPLICAS: Final = 32
_NOTHING: Final = b"\0\0"

Version = dict[int, int]
"""line → how many of its runs."""


class Batch(Struct, frozen=True):
    """One update with the work of so many keystrokes.

    Attributes:
        clients: the Yjs client ids of those who were at work.
        inserted: characters.
    """

    update: bytes
    keystrokes: int
    clients: list[int]
    inserted: int


class _Line(Struct):
    """Runs of one writer, one behind the other."""

    client: int
    runs: list[int]


class _Replica:
    def __init__(self, client: int, is_ascii: bool) -> None:
        self.version: Version = {}
        self.doc: Doc[Text] = Doc(client_id=client)
        self.text = Spliced(self.doc.get(ROOT, type=Text), is_ascii)

    def merge(self, updates: list[bytes], version: Version) -> None:
        with self.doc.transaction():
            for update in updates:
                self.doc.apply_update(update)
        self.text.refresh()
        self.version = dict(version)

    def edit(self, patches: list[Patch]) -> list[bytes]:
        """The update of these edits, if they change anything."""
        made: list[bytes] = []
        # Observed for ever, a replica would never be freed: the library holds it by its own observer.
        observing = self.doc.observe(lambda event: made.append(event.update))
        try:
            with self.doc.transaction():
                for position, deleted, inserted in joined(patches):
                    self.text.splice(position, deleted, inserted)
        finally:
            self.doc.unobserve(observing)
        return made


class _History:
    """What the text before each run consists of; a version is forgotten when the last run that needs it has come."""

    def __init__(self, recording: Recording) -> None:
        self._runs = recording.runs
        self._needed = [0] * len(recording.runs)
        for run in recording.runs:
            for parent in run.parents:
                self._needed[parent] += 1
        self._versions: dict[int, Version] = {}

    def before(self, number: int) -> Version:
        merged: Version = {}
        for parent in self._runs[number].parents:
            for line, count in self._versions[parent].items():
                if merged.get(line, 0) < count:
                    merged[line] = count
            self._needed[parent] -= 1
            if not self._needed[parent]:
                del self._versions[parent]
        return merged

    def after(self, number: int, version: Version) -> None:
        if self._needed[number]:
            self._versions[number] = version


class _Replicas:
    """Those in use; the one unused for longest is given up when there are too many, and made again from another."""

    def __init__(self, recording: Recording, falling: bool) -> None:
        self._recording = recording
        self._falling = falling
        self._live: OrderedDict[int, _Replica] = OrderedDict()
        self._lines: list[_Line] = []
        self._lines_of: dict[int, list[int]] = {}
        self._updates: list[list[bytes]] = []
        """What each run did, for the replicas that lack it."""

    def line_of(self, agent: int, version: Version) -> int:
        """The line of the writer's work that ends in this version; a new one if there is none."""
        lines = self._lines_of.setdefault(agent, [])
        for line in lines:
            if version.get(line, 0) == len(self._lines[line].runs):
                return line
        agents = self._recording.agents
        rank = agents - 1 - agent if self._falling else agent
        client = _FIRST_CLIENT + (agents + len(self._lines) if lines else rank)
        lines.append(len(self._lines))
        self._lines.append(_Line(client, []))
        return lines[-1]

    def at(self, line: int, version: Version) -> _Replica:
        replica = self._live.get(line) or self._copy(line, version)
        self._live[line] = replica
        self._live.move_to_end(line)
        if len(self._live) > _LIVE_REPLICAS:
            self._live.popitem(last=False)
        lacking: list[int] = []
        for other, count in version.items():
            lacking += self._lines[other].runs[replica.version.get(other, 0) : count]
        if lacking:
            replica.merge([update for run in sorted(lacking) for update in self._updates[run]], version)
        return replica

    def done(self, line: int, run: int, replica: _Replica, before: Version, made: list[bytes]) -> Version:
        """The version behind a run that made these updates."""
        self._updates.append(made)
        self._lines[line].runs.append(run)
        replica.version = {**before, line: len(self._lines[line].runs)}
        return replica.version

    def _copy(self, line: int, version: Version) -> _Replica:
        """A new replica for the line, as far on as any that is nowhere beyond the version."""
        replica = _Replica(self._lines[line].client, self._recording.is_ascii)
        fitting = [one for one in self._live.values() if _is_within(one.version, version)]
        if fitting:
            best = max(fitting, key=lambda one: sum(one.version.values()))
            replica.merge([best.doc.get_update()], best.version)
        return replica


def batches(recording: Recording, keystrokes: int, *, falling: bool = False) -> Iterator[Batch]:
    """The recording's work in its order, in batches of so many keystrokes.

    Args:
        falling: the last writer, not the first, comes first where several typed at the same place at the same time.

    Raises:
        BadRecording: an edit is not within its text.
    """
    replicas = _Replicas(recording, falling)
    history = _History(recording)
    gathered = _Gathered()
    for number, run in enumerate(recording.runs):
        version = history.before(number)
        line = replicas.line_of(run.agent, version)
        replica = replicas.at(line, version)
        made: list[bytes] = []
        start = 0
        while start < len(run.patches):
            part = run.patches[start : start + keystrokes - gathered.keystrokes]
            updates = _edit(replica, part, run.agent)
            made += updates
            gathered.add(replica.doc.client_id, part, updates)
            start += len(part)
            if gathered.keystrokes >= keystrokes:
                yield gathered.batch()
                gathered = _Gathered()
        history.after(number, replicas.done(line, number, replica, version, made))
    if gathered.keystrokes:
        yield gathered.batch()


class _Gathered:
    """What goes into the next batch."""

    def __init__(self) -> None:
        self.keystrokes = 0
        self._inserted = 0
        self._clients: set[int] = set()
        self._updates: list[bytes] = []

    def add(self, client: int, patches: list[Patch], updates: list[bytes]) -> None:
        self.keystrokes += len(patches)
        self._inserted += sum(len(patch.inserted) for patch in patches)
        self._clients.add(client)
        self._updates += updates

    def batch(self) -> Batch:
        return Batch(_merged(self._updates), self.keystrokes, sorted(self._clients), self._inserted)


def _edit(replica: _Replica, patches: list[Patch], agent: int) -> list[bytes]:
    try:
        return replica.edit(patches)
    except IndexError as error:
        raise BadRecording(f"an edit of the writer {agent}: {error}") from error
    except UnicodeEncodeError as error:
        raise BadRecording(f"an edit of the writer {agent} has half a surrogate pair, which is no character") from error


def _merged(updates: list[bytes]) -> bytes:
    if not updates:
        return _NOTHING
    return updates[0] if len(updates) == 1 else merge_updates(*updates)


def _is_within(one: Version, other: Version) -> bool:
    return all(other.get(line, 0) >= count for line, count in one.items())
