"""Conflicts as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.conflicts import ConflictCommand, ConflictEvent
from podium.kernel.decider import Emit, Request

from . import claims, rules


class Conflicts(Part):
    name = "conflicts"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(ConflictCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(ConflictEvent)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.conflicts.fold(entity, cast(ConflictEvent, event), at)

    def decide(self, state: CollaborationState, request: Request, now: float) -> rules.Decided:
        command = cast(ConflictCommand, request.command)
        book, bargaining, agents = state.conflicts, state.negotiations, state.agents
        return rules.decide(book, bargaining, agents, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """Grant what has come free, and take over what was negotiated."""
        book = state.conflicts
        for name in list(book.touched):
            yield from claims.grant(book, name, now)
            book.touched.pop(name, None)
        yield from rules.negotiated(book, state.negotiations)

    def dump(self, state: CollaborationState) -> bytes:
        return state.conflicts.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.conflicts.restore(dumped)
