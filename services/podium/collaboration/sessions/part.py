"""Sessions as a part of collaboration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.outcomes import Refused
from podium.contracts.phases import PhaseEnded
from podium.contracts.sessions import CancelSession, CreateSession, SessionCommand, SessionEvent
from podium.contracts.subjects import Service
from podium.kernel.decider import Emit, Request

from .advance import advance
from .book import Sessions
from .decisions import Order, create, order
from .ends import Ends
from .voting import called_off


class SessionsPart(Part):
    """Its book is `state.sessions`; what it observes is in `state.ends`."""

    name: ClassVar[str] = "sessions"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(SessionCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(SessionEvent)
    facts: ClassVar[Mapping[Service, tuple[type[Struct], ...]]] = MappingProxyType({"router": (PhaseEnded,)})

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.sessions.fold(entity, cast(SessionEvent, event), actor, at)

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        def is_known(agent: str) -> bool:
            return agent in state.agents

        if isinstance(request.command, CreateSession):
            return create(state.sessions, request.entity, request.command, is_known, now)
        command = cast(Order, request.command)
        session = state.sessions.open.get(request.entity)
        decided = order(state.sessions, request.entity, command, request.principal, is_known, now)
        if isinstance(decided, list) and isinstance(command, CancelSession) and session is not None:
            decided += called_off(session, state.ballots, "the session is cancelled")
        return decided

    def observe(self, state: CollaborationState, entity: str, fact: Struct, at: float) -> None:
        assert isinstance(fact, PhaseEnded)
        state.ends.observe(entity, fact)
        state.sessions.pending[entity] = None

    def react(self, state: CollaborationState, now: float) -> Iterable[Emit]:
        book = state.sessions
        first = book.timers.first()
        is_due = book.pending or (first is not None and first[0] <= now) or self._voted(state)
        return self._react(state, now) if is_due else ()

    def _voted(self, state: CollaborationState) -> list[str]:
        """Sessions whose vote is over."""
        return [name for name, ballot in state.sessions.voting.items() if ballot in state.ballots.over]

    def _react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        book = state.sessions
        book.pending.update(dict.fromkeys(self._voted(state)))
        while (first := book.timers.first()) is not None and first[0] <= now:
            book.timers.set(first[1], None)
            book.pending[first[1]] = None
        while book.pending:
            name = next(iter(book.pending))
            session = book.open.get(name)
            if session is not None:
                ends = state.ends.of.get(name, {})
                yield from advance(session, book, state.ballots, ends, state.agents.__contains__, now)
            state.ends.of.pop(name, None)
            book.pending.pop(name, None)

    def due(self, state: CollaborationState) -> float | None:
        if state.sessions.pending or self._voted(state):
            return 0.0
        first = state.sessions.timers.first()
        return None if first is None else first[0]

    def dump(self, state: CollaborationState) -> bytes:
        return state.sessions.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.sessions = Sessions.load(dumped)

    def dump_facts(self, state: CollaborationState) -> bytes:
        return state.ends.dump()

    def load_facts(self, state: CollaborationState, dumped: bytes) -> None:
        state.ends = Ends.load(dumped)
        state.sessions.pending.update(dict.fromkeys(state.ends.of))
