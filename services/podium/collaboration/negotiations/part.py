"""Negotiations as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import ShelvedPart
from podium.collaboration.state import CollaborationState
from podium.contracts.negotiations import NegotiationCommand, NegotiationEvent
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit, Request

from . import rules
from .book import NegotiationBook


class Negotiations(ShelvedPart):
    name = "negotiations"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(NegotiationCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(NegotiationEvent)

    def shelf(self, state: CollaborationState) -> NegotiationBook:
        return state.negotiations

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.negotiations.fold(entity, cast(NegotiationEvent, event), actor, at)

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        command = cast(NegotiationCommand, request.command)
        return rules.decide(state.negotiations, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """Let unattended parties answer, and end what is over."""
        book = state.negotiations
        for name in book.ripe(now):
            yield from rules.advance(book, name, now)
