"""A recording, typed again: each writer on a replica of its own, as shared documents are really edited.

A replica moves on to the version that its writer saw by the edits that it lacks, which version vectors name; it is
never taken back, since a writer's own work is in one line. Where a recording has a writer in two places at once, each
line of its work has its own replica and its own client id.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from podium.contracts.documents import SERVICE_CLIENT

from .edits import Edit, encode, units
from .recordings import BadRecording, Patch, Recording
from .sequence import Sequence
from .splices import joined

_FIRST_CLIENT: Final = SERVICE_CLIENT + 1
"""Where two type at the same place, the text of the one with the lower client id comes first."""

_LIVE_REPLICAS: Final = 32

Version = dict[int, int]
"""line → how many of its runs."""


class Reading(Struct, frozen=True):
    """What a recording does not say of itself.

    Attributes:
        falling: the last writer, not the first, comes first where several typed at the same place at the same time.
        in_units: positions count UTF-16 units, and not code points.
    """

    falling: bool = False
    in_units: bool = False


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
    """
    Attributes:
        run: behind which it stands; None for an empty one.
        runs: how many it has.
    """

    def __init__(self, text: Sequence, version: Version) -> None:
        self.text = text
        self.run: int | None = None
        self.moved(version)

    def moved(self, version: Version) -> None:
        """It is there now."""
        self.version = dict(version)
        self.runs = sum(version.values())

    def merge(self, edits: list[Edit], version: Version) -> None:
        self.text.apply(edits)
        self.moved(version)

    def edit(self, client: int, patches: list[Patch], reading: Reading) -> list[Edit]:
        """What these change."""
        return [
            edit
            for position, deleted, inserted in joined(patches, units if reading.in_units else len)
            for edit in self.text.splice(client, position, deleted, inserted)
        ]


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

    def is_needed(self, number: int | None) -> bool:
        """Whether a run is still to come whose text is that behind this one, or builds on it."""
        return number is not None and self._needed[number] > 0

    def after(self, number: int, version: Version) -> None:
        if self._needed[number]:
            self._versions[number] = version


class _Replicas:
    """Those in use; the one unused for longest is given up when there are too many, and made again from another.

    A replica is bound to no writer: where nobody needs the text that one has come to, the next writer goes on with it.
    """

    def __init__(self, recording: Recording, reading: Reading, history: _History) -> None:
        self._recording = recording
        self._history = history
        self._reading = reading
        self._live: OrderedDict[int, _Replica] = OrderedDict()
        self._lines: list[_Line] = []
        self._lines_of: dict[int, list[int]] = {}
        self._edits: list[list[Edit]] = []
        """What each run did, for the replicas that lack it."""

    def line_of(self, agent: int, version: Version) -> int:
        """The line of the writer's work that ends in this version; a new one if there is none."""
        lines = self._lines_of.setdefault(agent, [])
        for line in lines:
            if version.get(line, 0) == len(self._lines[line].runs):
                return line
        agents = self._recording.agents
        rank = agents - 1 - agent if self._reading.falling else agent
        client = _FIRST_CLIENT + (agents + len(self._lines) if lines else rank)
        lines.append(len(self._lines))
        self._lines.append(_Line(client, []))
        return lines[-1]

    def at(self, line: int, version: Version) -> _Replica:
        replica = self._handed_on(line, version) or self._live.get(line) or self._new(version)
        self._live[line] = replica
        self._live.move_to_end(line)
        if len(self._live) > _LIVE_REPLICAS:
            self._live.popitem(last=False)
        lacking: list[int] = []
        for other, count in version.items():
            lacking += self._lines[other].runs[replica.version.get(other, 0) : count]
        if lacking:
            replica.merge([edit for run in sorted(lacking) for edit in self._edits[run]], version)
        return replica

    def client(self, line: int) -> int:
        """By which Yjs client id the line is typed."""
        return self._lines[line].client

    def done(self, line: int, run: int, replica: _Replica, before: Version, made: list[Edit]) -> Version:
        """The version behind a run that made these edits."""
        self._edits.append(made)
        self._lines[line].runs.append(run)
        replica.run = run
        replica.moved({**before, line: len(self._lines[line].runs)})
        return replica.version

    def _handed_on(self, line: int, version: Version) -> _Replica | None:
        """The one that is furthest on towards the version, if nobody needs it where it is; not the line's own."""
        own = self._live.get(line)
        best, runs = None, -1 if own is None else own.runs
        for other, one in self._live.items():
            if one.runs > runs and not self._history.is_needed(one.run) and _is_within(one.version, version):
                best, runs = other, one.runs
        return None if best is None else self._live.pop(best)

    def _new(self, version: Version) -> _Replica:
        """A copy of the one that is furthest on towards the version."""
        fitting = [one for one in self._live.values() if _is_within(one.version, version)]
        if not fitting:
            return _Replica(Sequence(in_units=self._reading.in_units), {})
        best = max(fitting, key=lambda one: one.runs)
        return _Replica(best.text.copy(), best.version)


def batches(recording: Recording, keystrokes: int, reading: Reading = Reading()) -> Iterator[Batch]:
    """The recording's work in its order, in batches of so many keystrokes.

    Raises:
        BadRecording: an edit is not within its text.
    """
    history = _History(recording)
    replicas = _Replicas(recording, reading, history)
    gathered = _Gathered()
    for number, run in enumerate(recording.runs):
        version = history.before(number)
        line = replicas.line_of(run.agent, version)
        replica, client = replicas.at(line, version), replicas.client(line)
        made: list[Edit] = []
        start = 0
        while start < len(run.patches):
            part = run.patches[start : start + keystrokes - gathered.keystrokes]
            edits = _edit(replica, client, part, reading, run.agent)
            made += edits
            gathered.add(client, part, edits)
            start += len(part)
            if gathered.keystrokes >= keystrokes:
                yield gathered.batch()
                gathered = _Gathered()
        history.after(number, replicas.done(line, number, replica, version, made))
    if gathered.keystrokes:
        yield gathered.batch()


class _Gathered:
    """What goes into the next batch. Raises: BadRecording"""

    def __init__(self) -> None:
        self.keystrokes = 0
        self._inserted = 0
        self._clients: set[int] = set()
        self._edits: list[Edit] = []

    def add(self, client: int, patches: list[Patch], edits: list[Edit]) -> None:
        self.keystrokes += len(patches)
        self._inserted += sum(len(patch.inserted) for patch in patches)
        self._clients.add(client)
        self._edits += edits

    def batch(self) -> Batch:
        try:
            update = encode(self._edits)
        except UnicodeDecodeError as error:
            raise BadRecording("an edit removes half a surrogate pair, and leaves what is no character") from error
        return Batch(update, self.keystrokes, sorted(self._clients), self._inserted)


def _edit(replica: _Replica, client: int, patches: list[Patch], reading: Reading, agent: int) -> list[Edit]:
    try:
        return replica.edit(client, patches, reading)
    except IndexError as error:
        raise BadRecording(f"an edit of the writer {agent}: {error}") from error
    except UnicodeEncodeError as error:
        raise BadRecording(f"an edit of the writer {agent} has half a surrogate pair, which is no character") from error


def _is_within(one: Version, other: Version) -> bool:
    return all(other.get(line, 0) >= count for line, count in one.items())
