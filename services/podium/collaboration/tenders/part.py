"""Tenders as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import ShelvedPart
from podium.collaboration.state import CollaborationState
from podium.contracts.outcomes import Refused
from podium.contracts.tenders import TenderCommand, TenderEvent
from podium.kernel.decider import Emit, Request

from . import rules
from .book import TenderBook


class Tenders(ShelvedPart):
    name = "tenders"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(TenderCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(TenderEvent)

    def shelf(self, state: CollaborationState) -> TenderBook:
        return state.tenders

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.tenders.fold(entity, cast(TenderEvent, event), actor)

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        command = cast(TenderCommand, request.command)
        return rules.decide(state.tenders, state.agents, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """Award what has its bids in."""
        book = state.tenders
        for name in book.ripe(now):
            yield from rules.advance(book, name, now)
