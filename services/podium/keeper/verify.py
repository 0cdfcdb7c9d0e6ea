"""Whether an export is what the keeper signed: neither changed nor cut; and where it is not, the first place. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from podium.runtime.pull import Stored

from . import chain
from .chain import Head
from .checkpoint import Checkpoint, decode, is_signed
from .lines import Unreadable
from .record import Line, Opening, checkpoint_line, event_line, opening_line, unlike

_openings = msgspec.json.Decoder(Opening)


class Fault(Struct, frozen=True, omit_defaults=True):
    """Where an export is not what was signed.

    Attributes:
        line: its number, from 1; 0 for what is missing behind the last one.
        stream, sequence: of the event at fault, where one is.
    """

    line: int
    message: str
    stream: str | None = None
    sequence: int | None = None


class Verdict(Struct):
    """What an export proves.

    Attributes:
        events: that were looked at.
        proven: stream → the first and the last sequence that a signature covers.
        checkpoints: how many signatures were checked.
        signed_at: when the last of them was made, seconds since the epoch, UTC.
        key: that signed them all, 64 hexadecimal digits.
        absent: streams that the last checkpoint covers and that are not in the export.
        fault: None if it is whole.
    """

    events: int = 0
    proven: dict[str, tuple[int, int]] = {}
    checkpoints: int = 0
    signed_at: float | None = None
    key: str | None = None
    absent: list[str] = []
    fault: Fault | None = None


class _Found(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Verifier:
    """Told the lines of an export in order.

    Args:
        key: that must have signed it; None for whatever key the first checkpoint names.
    """

    def __init__(self, key: str | None) -> None:
        self._key = key
        self._heads: dict[str, Head] = {}
        self._starts: dict[str, Head] = {}
        self._last: Checkpoint | None = None
        self._opening: tuple[int, Line, Opening] | None = None
        self.verdict = Verdict(key=key)

    def run(self, lines: Iterable[tuple[int, Line]]) -> Verdict:
        """The verdict on a whole export."""
        try:
            for number, line in lines:
                if not self.add(number, line):
                    break
        except Unreadable as error:
            self.verdict.fault = Fault(error.number, str(error).partition(": ")[2])
        return self.end()

    def add(self, number: int, line: Line) -> bool:
        """Whether all is well so far."""
        try:
            self._add(number, line)
        except _Found as found:
            self.verdict.fault = found.fault
        return self.verdict.fault is None

    def end(self) -> Verdict:
        """The verdict when all lines were told, or something was found."""
        if self.verdict.fault is None:
            try:
                self._end()
            except _Found as found:
                self.verdict.fault = found.fault
        return self.verdict

    def _add(self, number: int, line: Line) -> None:
        if self._last is not None and self._last.seal:
            raise _Found(Fault(number, "something stands behind the checkpoint that closes it"))
        match line.kind:
            case "export":
                self._open(number, line)
            case "event":
                self._event(number, line)
            case "checkpoint":
                self._checkpoint(number, line)

    def _open(self, number: int, line: Line) -> None:
        if self._opening is not None:
            raise _Found(Fault(number, "a second opening"))
        try:
            opening = _openings.decode(line.payload)
        except msgspec.MsgspecError as error:
            raise _Found(Fault(number, f"the opening cannot be read: {error}")) from error
        self._opening, self._starts = (number, line, opening), opening.streams
        self._heads = dict(self._starts)

    def _event(self, number: int, line: Line) -> None:
        self.verdict.events += 1
        head = self._heads.get(line.stream)
        if head is None:
            raise _Found(self._fault(number, line, "its stream is not in the opening"))
        if line.sequence != head.sequence + 1:
            where = (
                f"event {head.sequence + 1} is missing"
                if line.sequence > head.sequence
                else f"it stands behind event {head.sequence}"
            )
            raise _Found(self._fault(number, line, where))
        try:
            stored = Stored(line.sequence, line.subject, line.content)
        except ValueError as error:
            raise _Found(self._fault(number, line, str(error))) from error
        hash = chain.link(bytes.fromhex(head.hash), line.sequence, line.subject, stored.payload).hex()
        if hash != line.hash:
            raise _Found(self._fault(number, line, "the event, or its hash, was changed"))
        column = unlike(event_line(line.stream, stored, hash), line)
        if column is not None:
            raise _Found(self._fault(number, line, f"its {column} is not what the event says"))
        self._heads[line.stream] = Head(line.sequence, hash)

    def _checkpoint(self, number: int, line: Line) -> None:
        try:
            checkpoint = decode(line.payload)
        except msgspec.MsgspecError as error:
            raise _Found(Fault(number, f"the checkpoint cannot be read: {error}")) from error
        if not is_signed(checkpoint):
            raise _Found(Fault(number, "the signature of the checkpoint is wrong"))
        self._key = self._key or checkpoint.key
        if checkpoint.key != self._key:
            raise _Found(Fault(number, f"the checkpoint is signed by another key, {checkpoint.key}"))
        column = unlike(checkpoint_line(checkpoint), line)
        if column is not None:
            raise _Found(Fault(number, f"its {column} is not what the checkpoint says"))
        for stream, head in self._heads.items():
            signed = checkpoint.heads.get(stream, chain.start(stream))
            self._compare(number, stream, head, signed)
        self.verdict.checkpoints += 1
        self._last = checkpoint

    def _compare(self, number: int, stream: str, head: Head, signed: Head) -> None:
        if signed.sequence < self._starts[stream].sequence:
            return  # it is of before the export's first event
        if signed.sequence != head.sequence:
            message = f"the checkpoint holds {signed.sequence} events of {stream}, and the export {head.sequence}"
            first = min(signed.sequence, head.sequence) + 1
            raise _Found(Fault(number, f"{message}: event {first} is missing or too many", stream, first))
        if signed.hash != head.hash:
            since = self.verdict.proven.get(stream, (0, self._starts[stream].sequence))[1]
            message = f"what was signed of {stream} is not what is here: changed behind event {since}"
            raise _Found(Fault(number, message, stream, since + 1))
        if head.sequence > self._starts[stream].sequence:
            self.verdict.proven[stream] = (self._starts[stream].sequence + 1, head.sequence)

    def _end(self) -> None:
        if self._opening is None:
            raise _Found(Fault(0, "there is no opening: its beginning was cut off, or it is no export"))
        number, line, opening = self._opening
        if self._last is None or self._last.seal != opening.seal:
            raise _Found(Fault(0, "the checkpoint that closes it is missing: its end was cut off"))
        column = unlike(opening_line(opening, self._last.at), line)
        if column is not None:
            raise _Found(Fault(number, f"its {column} is not what the opening says"))
        for stream, head in self._heads.items():
            if head.sequence > max(self.verdict.proven.get(stream, (0, 0))[1], self._starts[stream].sequence):
                raise _Found(Fault(0, f"no checkpoint holds event {head.sequence} of {stream}: its end was cut off"))
        self.verdict.signed_at, self.verdict.key = self._last.at, self._key
        self.verdict.absent = sorted(self._last.heads.keys() - self._heads.keys())

    def _fault(self, number: int, line: Line, message: str) -> Fault:
        return Fault(number, message, line.stream, line.sequence)
