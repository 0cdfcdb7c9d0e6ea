"""Ballots as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import ShelvedPart
from podium.collaboration.state import CollaborationState
from podium.contracts.ballots import BallotCommand, BallotEvent
from podium.kernel.decider import Emit, Request

from . import rules
from .book import BallotBook


class Ballots(ShelvedPart):
    name = "ballots"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(BallotCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(BallotEvent)

    def shelf(self, state: CollaborationState) -> BallotBook:
        return state.ballots

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.ballots.fold(entity, cast(BallotEvent, event), actor, at)

    def decide(self, state: CollaborationState, request: Request, now: float) -> rules.Decided:
        command = cast(BallotCommand, request.command)
        return rules.decide(state.ballots, state.seal, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """Count what has reached its deadline. A ballot whose key is not here waits for a process that has it."""
        for name in state.ballots.ripe(now):
            ballot = state.ballots.open[name]
            if rules.has_key(ballot, state.seal):
                yield rules.closing(name, ballot, state.seal, "deadline", now)
