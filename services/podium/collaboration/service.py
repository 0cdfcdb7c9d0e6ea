"""The collaboration service's rules as one decider: it hands each command and event to the part that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Service
from podium.kernel.decider import Emit, Request

from .agents import AgentsPart
from .ballots.part import Ballots
from .ballots.seals import Seal
from .conflicts.part import Conflicts
from .documents.part import Documents
from .messages.part import MessagesPart
from .negotiations.part import Negotiations
from .part import Part
from .proposals.part import Proposals
from .relationships import RelationshipsPart
from .sessions.part import SessionsPart
from .settings import CollaborationSettings
from .state import CollaborationState
from .teams.part import TeamsPart
from .tenders.part import Tenders

PARTS: Final[tuple[Part, ...]] = (
    AgentsPart(),
    RelationshipsPart(),
    SessionsPart(),
    MessagesPart(),
    TeamsPart(),
    Documents(),
    Ballots(),
    Proposals(),
    Negotiations(),
    Conflicts(),
    Tenders(),
)
"""The one table of parts, in the order in which they react."""


class Collaboration:
    """A `Decider`."""

    service: Service = "collaboration"
    schema = "2"
    closing: tuple[type[Struct], ...] = ()

    def __init__(self, settings: CollaborationSettings | None = None, parts: tuple[Part, ...] = PARTS) -> None:
        self.settings = settings or CollaborationSettings()
        key = self.settings.key()
        self._seal = None if key is None else Seal(key)
        self.parts = parts
        self._by_command = {command: part for part in parts for command in part.commands}
        self._by_event = {event: part for part in parts for event in part.events}
        self._by_fact: dict[type[Struct], list[Part]] = {}
        observed: dict[Service, dict[type[Struct], None]] = {}
        for part in parts:
            for service, facts in part.facts.items():
                observed.setdefault(service, {}).update(dict.fromkeys(facts))
                for fact in facts:
                    self._by_fact.setdefault(fact, []).append(part)
        self.upstream: Mapping[Service, tuple[type[Struct], ...]] = {of: tuple(facts) for of, facts in observed.items()}

    def initial(self) -> CollaborationState:
        return CollaborationState(self.settings, self._seal)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        self._by_event[type(event)].evolve(state, entity, event, actor, at)

    def decide(self, state: CollaborationState, request: Request, now: float) -> Iterable[Emit] | Refused:
        return self._by_command[type(request.command)].decide(state, request, now)

    def observe(self, state: CollaborationState, entity: str, fact: Struct, at: float) -> None:
        for part in self._by_fact.get(type(fact), ()):
            part.observe(state, entity, fact, at)

    def sense(self, state: CollaborationState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """It listens to nobody."""

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        for part in self.parts:
            yield from part.react(state, now)

    def due(self, state: CollaborationState) -> float | None:
        times = [time for part in self.parts if (time := part.due(state)) is not None]
        return min(times, default=None)

    def explain(self, state: CollaborationState, entity: str, now: float) -> Struct | None:
        return None

    def dump(self, state: CollaborationState) -> bytes:
        return msgspec.json.encode({part.name: Raw(part.dump(state)) for part in self.parts})

    def load(self, dumped: bytes) -> CollaborationState:
        state, books = self.initial(), _books(dumped)
        for part in self.parts:
            part.load(state, _book(books, part))
        return state

    def dump_facts(self, state: CollaborationState) -> bytes:
        return msgspec.json.encode({part.name: Raw(part.dump_facts(state)) for part in self.parts})

    def load_facts(self, state: CollaborationState, dumped: bytes) -> None:
        books = _books(dumped)
        for part in self.parts:
            part.load_facts(state, _book(books, part))


def decider() -> Collaboration:
    """The service as its process runs it, with the settings of its environment."""
    return Collaboration()


def _books(dumped: bytes) -> dict[str, Raw]:
    return msgspec.json.decode(dumped, type=dict[str, Raw])


def _book(books: dict[str, Raw], part: Part) -> bytes:
    """A snapshot without it was made by a program that did not have the part yet: the log says more."""
    if part.name not in books:
        raise msgspec.ValidationError(f"there is no book of {part.name}")
    return bytes(books[part.name])
