"""A policy's life: in shadow, as a canary, in force; or rolled back. Pure: no clock, no ids, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.outcomes import Refused
from podium.contracts.policies import (
    Evidence,
    Method,
    Policy,
    PolicyCommand,
    PolicyEvent,
    PolicyJudged,
    PolicyRolledBack,
    PolicyStaged,
    PromotePolicy,
    ProposePolicy,
    RollBackPolicy,
    Stage,
)
from podium.kernel.decider import Emit

from .settings import OptimizerSettings
from .trial import Trials

KEPT: Final = 1_000
"""Policies that are still known; a name older than that is new again."""

_NEXT: Final[dict[Stage, Stage]] = {"shadow": "canary", "canary": "active"}
_METHOD: Final[dict[Stage, Method]] = {"shadow": "doubly_robust", "canary": "online"}
_ASKED: Final = "asked for"

CANARY: Final = 0.1
"""Share of the tasks that a policy of the optimizer's own decides as a canary."""


class Known(Struct, frozen=True, array_like=True):
    """A policy; no stage once it is out of use."""

    policy: Policy
    share: float
    stage: Stage | None


class Policies(Struct):
    """Folded.

    Attributes:
        number: of the last step.
        known: by name, in the order in which they were proposed.
        forces: those that are or were in force and were not rolled back; the last one is.
    """

    number: int = 0
    known: dict[str, Known] = {}
    forces: list[str] = []

    @property
    def trial(self) -> str | None:
        """The one on trial."""
        return next((name for name, known in reversed(self.known.items()) if known.stage in _NEXT), None)

    def fold(self, name: str, event: PolicyEvent) -> None:
        if isinstance(event, PolicyJudged):
            return
        self.number = event.number
        match event:
            case PolicyStaged():
                if event.stage == "active":
                    self._retire()
                    self.forces = [*(other for other in self.forces if other != name), name]
                self.known[name] = Known(event.policy, event.share, event.stage)
            case PolicyRolledBack():
                self.forces = [other for other in self.forces if other != name]
                if (known := self.known.get(name)) is not None:
                    self.known[name] = Known(known.policy, known.share, None)
            case _:
                assert_never(event)
        if len(self.known) > KEPT:
            oldest = next((other for other, known in self.known.items() if known.stage is None), None)
            if oldest is not None:
                del self.known[oldest]

    def _retire(self) -> None:
        """Whoever was in force waits in case that its successor is rolled back."""
        for other, known in self.known.items():
            if known.stage == "active":
                self.known[other] = Known(known.policy, known.share, None)


def decide(policies: Policies, name: str, command: PolicyCommand) -> list[Emit] | Refused:
    known = policies.known.get(name)
    if isinstance(command, ProposePolicy):
        return _propose(policies, name, known, command)
    if known is None:
        return Refused("unknown_policy", f"there is no policy {name}")
    reason = command.reason or _ASKED
    match command:
        case PromotePolicy():
            if known.stage is None:
                return Refused("out_of_use", f"{name} is out of use; propose it under another name")
            return [] if known.stage == "active" else list(_promoted(policies, name, known, reason, None))
        case RollBackPolicy():
            return [] if known.stage is None else list(_rolled_back(policies, name, known.stage, reason, None))
        case _:
            assert_never(command)


def _propose(policies: Policies, name: str, known: Known | None, command: ProposePolicy) -> list[Emit] | Refused:
    if known is not None and (known.policy, known.share) == (command.policy, command.share):
        return []
    if known is not None:
        return Refused("policy_exists", f"there is a policy {name} already, and it is another one")
    if policies.trial is not None:
        return Refused("trial_under_way", f"{policies.trial} is on trial; promote it or roll it back first")
    if any(other.policy == command.policy for other in policies.known.values() if other.stage == "active"):
        return Refused("already_in_force", "the policy in force is just like it")
    reason = command.reason or "proposed"
    return [Emit(name, PolicyStaged(policies.number + 1, "shadow", command.policy, command.share, reason))]


def look(policies: Policies, trials: Trials, settings: OptimizerSettings) -> Iterator[Emit]:
    """What follows from the trial that is under way, if it is time to look at it."""
    name = policies.trial
    if name is None or (stage := policies.known[name].stage) is None or stage == "active":
        return
    trial = trials.find(name, _METHOD[stage])
    if trial is None or not trial.is_due(settings.trial_least, settings.replay_buffer):
        return
    trial.looked = trial.attempts
    found = trial.evidence(_METHOD[stage])
    if found is None:
        return
    said = (
        f"an attempt is worth {found.worth:.3f}, today's {found.today:.3f}: gain {found.gain:+.4f}, "
        f"{found.low:+.4f} to {found.high:+.4f}, in {found.attempts:,} attempts"
    )
    over = trial.attempts >= settings.replay_buffer
    no_worse = stage == "shadow" and found.low > -settings.threshold * found.today
    if found.low > 0.0:
        yield from _promoted(policies, name, policies.known[name], f"better: {said}", found)
    elif found.high < 0.0:
        yield from _rolled_back(policies, name, stage, f"worse: {said}", found)
    elif no_worse and (over or trial.attempts >= 4 * settings.trial_least):
        yield from _promoted(policies, name, policies.known[name], f"not much worse for certain: {said}", found)
    elif over:
        yield from _rolled_back(policies, name, stage, f"not shown to be better in time: {said}", found)
    else:
        yield Emit(name, PolicyJudged(stage, found, min(2 * trial.attempts, settings.replay_buffer)))


def tune(policies: Policies, settings: OptimizerSettings) -> Iterator[Emit]:
    """A policy next to the one in force, unless one is on trial."""
    if policies.trial is not None:
        return
    number = policies.number + 1
    step = settings.learning_rate if number % 2 else -settings.learning_rate
    today = policies.known[policies.forces[-1]].policy if policies.forces else None
    if today is None:
        proposed = Policy("adaptive")
    elif today.strategy == "adaptive":
        proposed = replace(today, exploration=min(1.0, max(0.0, today.exploration + step)))
    else:
        proposed = replace(today, skill_weight=min(1.0, max(0.0, today.skill_weight + step)))
    name = f"tuned-{number}"
    if proposed != today and name not in policies.known:
        yield Emit(name, PolicyStaged(number, "shadow", proposed, CANARY, "next to the one in force"))


def _promoted(policies: Policies, name: str, known: Known, reason: str, found: Evidence | None) -> Iterator[Emit]:
    assert known.stage is not None
    stage = _NEXT[known.stage]
    yield Emit(name, PolicyStaged(policies.number + 1, stage, known.policy, known.share, reason, found))


def _rolled_back(policies: Policies, name: str, stage: Stage, reason: str, found: Evidence | None) -> Iterator[Emit]:
    number, before = policies.number + 1, None
    if stage == "active":
        before = next((other for other in reversed(policies.forces) if other != name), None)
    yield Emit(name, PolicyRolledBack(number, stage, reason, found))
    if before is not None:
        known = policies.known[before]
        said = f"{name} was rolled back"
        yield Emit(before, PolicyStaged(number + 1, "active", known.policy, known.share, said))
