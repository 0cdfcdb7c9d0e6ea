"""Ballots as a part of the collaboration service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.ballots import BallotCommand, BallotEvent
from podium.kernel.decider import Emit, Request

from . import rules


class Ballots(Part):
    name = "ballots"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(BallotCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(BallotEvent)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.ballots.fold(entity, cast(BallotEvent, event), actor, at)

    def decide(self, state: CollaborationState, request: Request, now: float) -> rules.Decided:
        command = cast(BallotCommand, request.command)
        return rules.decide(state.ballots, state.seal, request.entity, command, request.principal, now)

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        """Count what has reached its deadline. A ballot whose key is not here waits for a process that has it."""
        deadlines = state.ballots.deadlines
        while (first := deadlines.first()) is not None and first[0] <= now:
            name = first[1]
            ballot = state.ballots.open[name]
            if rules.has_key(ballot, state.seal):
                yield rules.closing(name, ballot, state.seal, "deadline", now)
            else:
                deadlines.set(name, None)

    def due(self, state: CollaborationState) -> float | None:
        first = state.ballots.deadlines.first()
        return None if first is None else first[0]

    def dump(self, state: CollaborationState) -> bytes:
        return state.ballots.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.ballots.restore(dumped)
