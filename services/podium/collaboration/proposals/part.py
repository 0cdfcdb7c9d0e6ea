"""Proposals as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.consensus import ConsensusCommand, ConsensusEvent
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit, Request

from . import rules


class Proposals(Part):
    name = "proposals"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(ConsensusCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(ConsensusEvent)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.proposals.fold(entity, cast(ConsensusEvent, event), actor)

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        command = cast(ConsensusCommand, request.command)
        return rules.decide(state.proposals, state.ballots, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """End rounds that are over, and proposals whose ballot is."""
        book = state.proposals
        while (first := book.deadlines.first()) is not None and first[0] <= now:
            book.deadlines.set(first[1], None)
            book.moved[first[1]] = None
        for name in list(book.moved):
            book.moved.pop(name, None)
            yield from rules.advance(book, state.ballots, name, now)
        yield from rules.counted(book, state.ballots)

    def due(self, state: CollaborationState) -> float | None:
        first = state.proposals.deadlines.first()
        return None if first is None else first[0]

    def dump(self, state: CollaborationState) -> bytes:
        return state.proposals.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.proposals.restore(dumped)
