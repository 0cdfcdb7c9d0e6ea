"""Real logs to be broken: what a simulated fleet leaves, with what its clients heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

import msgspec

from podium.audit.finding import Finding
from podium.audit.heard import Journal
from podium.audit.logs import Logs
from podium.contracts.catalogue import decode_envelope
from podium.contracts.envelope import Envelope
from podium.contracts.subjects import Service, Subjects
from podium.kernel.simulation import Faults, World
from podium.runtime.pull import Stored
from tests.simulation.fleet import Fleet

SUBJECTS = Subjects()
SERVICES: tuple[Service, ...] = ("registry", "router")


class Told:
    """The logs of a whole system, and the journal of its clients."""

    def __init__(self, logs: dict[Service, Sequence[Stored]], journal: Journal) -> None:
        self.logs = logs
        self.journal = journal

    def audit(self) -> list[Finding]:
        return audit_of(self.logs, self.journal)

    def find(self, service: Service, wanted: Callable[[Envelope], bool]) -> int:
        """Where the first such event stands in the log, from 0."""
        return next(at for at, s in enumerate(self.logs[service]) if wanted(decode_envelope(s.payload)))

    def broken(self, service: Service, log: Iterable[Stored], *, renumbered: bool = True) -> Told:
        """With this log instead; its sequences count up, and so do the numbers of the events' ids."""
        changed = [_numbered(s, n, service if renumbered else None) for n, s in enumerate(log, 1)]
        return Told({**self.logs, service: changed}, self.journal)


def audit_of(logs: dict[Service, Sequence[Stored]], journal: Journal) -> list[Finding]:
    rules, found = Logs(SUBJECTS, journal), list[Finding]()
    for service in SERVICES:
        found += rules.add(service, logs[service])
    return [*found, *rules.end()]


@cache
def told(seed: int) -> Told:
    """What a seed gives; nobody may change it."""
    fleet = Fleet(World(seed, Faults()))
    fleet.run()
    logs: dict[Service, Sequence[Stored]] = {
        service: tuple(fleet.world.streams.stream(SUBJECTS.event_stream(service))) for service in SERVICES
    }
    return Told(logs, fleet.journal())


def changed(stored: Stored, **fields: object) -> Stored:
    """The same event with other fields in its envelope."""
    envelope = msgspec.structs.replace(decode_envelope(stored.payload), **fields)
    return Stored(stored.sequence, stored.subject, msgspec.json.encode(envelope))


def _numbered(stored: Stored, number: int, service: Service | None) -> Stored:
    if service is not None:
        stored = changed(stored, id=f"{service}-0-{number}")
    return Stored(number, stored.subject, stored.payload)
