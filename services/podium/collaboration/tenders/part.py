"""Tenders as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.outcomes import Refused
from podium.contracts.tenders import TenderCommand, TenderEvent
from podium.kernel.decider import Emit, Request

from . import rules


class Tenders(Part):
    name = "tenders"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(TenderCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(TenderEvent)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.tenders.fold(entity, cast(TenderEvent, event), actor)

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        command = cast(TenderCommand, request.command)
        return rules.decide(state.tenders, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """Award what has its bids in."""
        book = state.tenders
        while (first := book.deadlines.first()) is not None and first[0] <= now:
            book.deadlines.set(first[1], None)
            book.moved[first[1]] = None
        for name in list(book.moved):
            book.moved.pop(name, None)
            yield from rules.advance(book, name, now)

    def due(self, state: CollaborationState) -> float | None:
        first = state.tenders.deadlines.first()
        return None if first is None else first[0]

    def dump(self, state: CollaborationState) -> bytes:
        return state.tenders.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.tenders.restore(dumped)
