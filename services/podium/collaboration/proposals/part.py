"""Proposals as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import ShelvedPart
from podium.collaboration.state import CollaborationState
from podium.contracts.consensus import ConsensusCommand, ConsensusEvent
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit, Request

from . import rules
from .book import ProposalBook


class Proposals(ShelvedPart):
    name = "proposals"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(ConsensusCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(ConsensusEvent)

    def shelf(self, state: CollaborationState) -> ProposalBook:
        return state.proposals

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.proposals.fold(entity, cast(ConsensusEvent, event), actor)

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        command = cast(ConsensusCommand, request.command)
        return rules.decide(state.proposals, state.ballots, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """End rounds that are over, and proposals whose ballot is."""
        book = state.proposals
        for name in book.ripe(now):
            yield from rules.advance(book, state.ballots, name, now)
        yield from rules.counted(book, state.ballots)
