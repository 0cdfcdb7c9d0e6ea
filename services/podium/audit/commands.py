"""Every command once: the events that it led to stand in its service's log together, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from podium.contracts.envelope import CommandAccepted, CommandRefused, Envelope
from podium.contracts.outcomes import EventRef
from podium.contracts.subjects import Service
from podium.kernel.sender import is_event_id

from .finding import Entry, Finding
from .heard import Journal, Sent


class _Group(Struct):
    """The events of one command that follow one another.

    Attributes:
        alone: it is what the kernel itself wrote down of the command, and no other event belongs to it.
        refusal: it says that the command was refused.
    """

    command_id: str
    time: str
    first: Entry
    last: Entry
    alone: bool
    refusal: bool
    events: list[EventRef]

    def goes_on(self, envelope: Envelope) -> bool:
        """Whether the event was made with these."""
        return not self.alone and (self.command_id, self.time) == (envelope.causationid, envelope.time)


class Commands:
    """A `Rule`. Keeps the ids of all commands in memory.

    Args:
        journal: what clients heard, to be compared with what the log has.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._open: dict[tuple[Service, int], _Group] = {}
        self._first: dict[tuple[str, str], int] = {}
        self._kept: dict[tuple[str, str], _Group] = {}

    def add(self, entry: Entry) -> Iterator[Finding]:
        place = (entry.service, entry.partition)
        envelope = entry.envelope
        command_id = envelope.causationid
        if is_event_id(command_id):
            self._open.pop(place, None)
            return
        kernels = isinstance(entry.data, CommandAccepted | CommandRefused)
        if isinstance(entry.data, CommandAccepted | CommandRefused) and entry.data.command_id != command_id:
            yield entry.finds(
                "commands", f"it was led to by command {command_id} and speaks of {entry.data.command_id}"
            )
        group = self._open.get(place)
        if group is not None and not kernels and group.goes_on(envelope):
            group.last = entry
            group.events.append(EventRef(envelope.type, envelope.subject))
            return
        key = (entry.service, command_id)
        before = self._first.get(key)
        if before is not None:
            yield entry.finds("commands", f"command {command_id} happened again: its first event is at {before}")
        else:
            self._first[key] = entry.sequence
        refs = [] if kernels else [EventRef(envelope.type, envelope.subject)]
        refusal = isinstance(entry.data, CommandRefused)
        group = _Group(command_id, envelope.time, entry, entry, kernels, refusal, refs)
        self._open[place] = group
        if key in self._journal:
            self._kept.setdefault(key, group)

    def end(self) -> Iterator[Finding]:
        for key, sent in self._journal.items():
            group = self._kept.get(key)
            match sent.outcome:
                case "accepted":
                    yield from _accepted(sent, group)
                case "refused":
                    if group is not None and not group.refusal:
                        said = f"its sender heard that command {sent.command_id} was refused, and it happened"
                        yield group.first.finds("commands", said)
                case "unknown":  # once or not at all, which `add` has seen to
                    pass


def _accepted(sent: Sent, group: _Group | None) -> Iterator[Finding]:
    accepted = f"command {sent.command_id} was accepted"
    if group is None:
        yield Finding("commands", f"{accepted}, and the log has no event of it", sent.service, sent.sequence)
        return
    if group.refusal:
        yield group.first.finds("commands", f"{accepted}, and the log says that it was refused")
        return
    if sent.sequence is not None and sent.sequence != group.last.sequence:
        yield group.last.finds("commands", f"{accepted} with its last event at {sent.sequence}, and it is here")
    if sent.events is not None and sent.events != group.events:
        told, found = (", ".join(ref.type for ref in refs) or "none" for refs in (sent.events, group.events))
        yield group.first.finds("commands", f"{accepted} with other events ({told}) than the log has ({found})")
