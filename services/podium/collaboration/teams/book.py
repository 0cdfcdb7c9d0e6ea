"""What collaboration folds of teams and plans."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

import msgspec
from msgspec import Struct

from podium.contracts.teams import (
    PlanAccepted,
    PlanProposed,
    PlanRejected,
    PlanReviewed,
    TeamDissolved,
    TeamEvent,
    TeamFormed,
)

PLANS_KEPT: Final = 10_000
"""How many plans that are decided are still known; the oldest is forgotten first."""


class Plan(Struct):
    """`words`: member → whether it accepts; `state` once it is decided."""

    team: str
    digest: str
    reviewers: list[str]
    words: dict[str, tuple[bool, str]] = {}
    state: Literal["proposed", "accepted", "rejected"] = "proposed"


class _Dump(Struct, frozen=True):
    teams: list[tuple[str, TeamFormed]]
    plans: list[tuple[str, Plan]]


class Teams:
    """Changed by `fold` alone.

    Attributes:
        open: those that are, by name.
        plans: in the order in which they were proposed.
    """

    def __init__(self) -> None:
        self.open: dict[str, TeamFormed] = {}
        self.plans: OrderedDict[str, Plan] = OrderedDict()

    def fold(self, entity: str, event: TeamEvent) -> None:
        match event:
            case TeamFormed():
                self.open[entity] = event
            case TeamDissolved():
                del self.open[entity]
            case PlanProposed():
                self.plans[entity] = Plan(event.team, bytes(event.definition).decode(), list(event.reviewers))
                self._forget()
            case PlanReviewed():
                self.plans[entity].words[event.member] = (event.accept, event.comment)
            case PlanAccepted():
                self.plans[entity].state = "accepted"
            case PlanRejected():
                self.plans[entity].state = "rejected"

    def _forget(self) -> None:
        while len(self.plans) > PLANS_KEPT:
            oldest = next((name for name, plan in self.plans.items() if plan.state != "proposed"), None)
            if oldest is None:
                return
            del self.plans[oldest]

    def dump(self) -> bytes:
        return msgspec.json.encode(_Dump(list(self.open.items()), list(self.plans.items())))

    @staticmethod
    def load(dumped: bytes) -> Teams:
        """Raises: msgspec.MsgspecError"""
        content = msgspec.json.decode(dumped, type=_Dump)
        teams = Teams()
        teams.open, teams.plans = dict(content.teams), OrderedDict(content.plans)
        return teams
