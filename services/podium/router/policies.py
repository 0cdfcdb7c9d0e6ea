"""The policies that the router follows for tasks which name no strategy: folded from its own log, step by step.

What the optimizer wants is observed; the router follows each step once, in order, and says so. Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from podium.contracts.policies import (
    AppliedEvent,
    Policy,
    PolicyApplied,
    PolicyRolledBack,
    PolicyStaged,
    PolicyWithdrawn,
    Stage,
)
from podium.kernel.decider import Emit


class Followed(Struct, frozen=True, array_like=True):
    """A policy and what is done with it; `share`: of the tasks, as a canary."""

    name: str
    stage: Stage
    policy: Policy
    share: float


class Policies(Struct):
    """Folded.

    Attributes:
        number: of the optimizer's last step that was followed.
        active: the one in force; None while the settings are.
        trial: the one on trial, in shadow or as a canary.
    """

    number: int = 0
    active: Followed | None = None
    trial: Followed | None = None

    def __bool__(self) -> bool:
        return self.active is not None or self.trial is not None

    def fold(self, name: str, event: AppliedEvent) -> None:
        self.number = event.number
        if self.trial is not None and self.trial.name == name:
            self.trial = None
        if self.active is not None and self.active.name == name:
            self.active = None
        if isinstance(event, PolicyApplied):
            followed = Followed(name, event.stage, event.policy, event.share)
            if event.stage == "active":
                self.active = followed
            else:
                self.trial = followed


class Wishes:
    """Observed: the optimizer's steps that were not yet followed."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, PolicyStaged | PolicyRolledBack]] = []

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, name: str, step: PolicyStaged | PolicyRolledBack) -> None:
        self._steps.append((name, step))

    def follow(self, policies: Policies) -> Iterator[Emit]:
        """What the router does next, each event to be folded before the next is asked for."""
        for name, step in self._steps:
            if step.number <= policies.number:
                continue
            if isinstance(step, PolicyStaged):
                yield Emit(name, PolicyApplied(step.number, step.stage, step.policy, step.share))
            else:
                yield Emit(name, PolicyWithdrawn(step.number))
        self._steps.clear()
