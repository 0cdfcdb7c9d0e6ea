"""The state that a service held, as its snapshot has it, beside the state that its log gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, cast

import msgspec

from podium.contracts.subjects import Service, Subjects
from podium.kernel.decider import Decider
from podium.kernel.dumps import opened
from podium.kernel.partition import Partition
from podium.kernel.snapshot_form import PartitionSnapshot
from podium.kernel.snapshots import Snapshot
from podium.runtime.pull import Stored

from .finding import Finding


class HeldState:
    """One partition's snapshot, compared when the log was read as far as it goes."""

    def __init__(self, decider: Decider[Any], subjects: Subjects, partition: int, snapshot: Snapshot) -> None:
        self.service: Service = decider.service
        self.position = snapshot.position
        self.compared = False
        self._partition = partition
        self._payload = snapshot.payload
        self._rebuilt = Partition(decider, subjects, partition)
        self._prefix = subjects.partition(decider.service, partition).removesuffix(">")

    def add(self, stored: Sequence[Stored]) -> Iterator[Finding]:
        """Fold events of the log; what is found once the snapshot's place is reached."""
        if self.compared:
            return
        own = [s for s in stored if s.sequence <= self.position and s.subject.startswith(self._prefix)]
        self._rebuilt.replay(own)
        if stored and stored[-1].sequence >= self.position:
            yield from self._compare(own[-1] if own else None)

    def end(self) -> Iterator[Finding]:
        if self.compared:
            return
        if self.position == 0:  # of a service that has only observed
            yield from self._compare(None)
        else:
            message = (
                f"the snapshot of {self.service}-{self._partition} is of event {self.position}; the log ends before"
            )
            yield Finding("state", message, self.service, self.position)

    def _compare(self, last: Stored | None) -> Iterator[Finding]:
        self.compared = True
        held = msgspec.msgpack.decode(self._payload, type=PartitionSnapshot)
        made = msgspec.msgpack.decode(self._rebuilt.snapshot(held.at), type=PartitionSnapshot)
        if (last.sequence if last is not None else 0) != self.position:
            yield self._finding(f"the snapshot is of event {self.position}, which is none of this partition")
        if held.count != made.count:
            yield self._finding(f"it had counted {held.count} events, the log has {made.count}")
        if held.state != made.state:
            yield self._finding(f"the state that it held is not the log's: {_difference(held.state, made.state)}")
        if held.threads != made.threads:
            unlike = _unlike(held.threads, made.threads)
            yield self._finding(f"the causes that it held are not the log's: of {unlike}")
        outcomes = dict(made.outcomes)
        for command_id, done in held.outcomes:
            if command_id in outcomes and outcomes[command_id] != done:
                yield self._finding(f"the outcome of command {command_id} that it held is not the log's")

    def _finding(self, message: str) -> Finding:
        return Finding("state", f"{self.service}-{self._partition}: {message}", self.service, self.position)


def _difference(held: bytes, made: bytes) -> str:
    """Where two dumps differ first; deciders dump as JSON or as MessagePack."""
    pairs = zip_longest(_leaves(held, "$"), _leaves(made, "$"), fillvalue=("the end", None))
    for (path, value), (other, given) in pairs:
        if path != other:
            return f"it held {path} where the log gives {other}"
        if value != given:
            return f"at {path} it held {value!r:.200}, the log gives {given!r:.200}"
    return "in the order of its parts"


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Every value that holds no others, with its place; dumps may hold dumps."""
    if isinstance(value, bytes):
        value = opened(value)
    if isinstance(value, dict):
        for key, part in cast(dict[str, object], value).items():
            yield from _leaves(part, f"{path}.{key}")
    elif isinstance(value, list):
        for index, part in enumerate(cast(list[object], value)):
            yield from _leaves(part, f"{path}[{index}]")
    else:
        yield path, value


def _unlike(held: Mapping[str, object], made: Mapping[str, object]) -> str:
    names: Iterable[str] = sorted(held.keys() | made.keys())
    return ", ".join([name for name in names if held.get(name) != made.get(name)][:5])
