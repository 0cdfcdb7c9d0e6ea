"""The words of policies: how agents are chosen for tasks that do not say, and how a new way is tried before it is used.

The optimizer keeps them; a policy's name is the entity. The router applies them, and notes in each decision by which.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .agents import Level
from .envelope import Command, Event
from .names import Text

PolicyStrategy = Literal["round_robin", "least_loaded", "best_score", "adaptive"]

Stage = Literal["shadow", "canary", "active"]
"""Shadow: it decides nothing, and what it would have done is noted. Canary: it decides for a share of the tasks."""

Method = Literal["doubly_robust", "online"]


class Policy(Struct, frozen=True, omit_defaults=True):
    """How an agent is chosen.

    Attributes:
        exploration: of `adaptive`: the greatest share of choices that try who may be better.
        skill_weight: of `best_score`: the share of skill; the rest is freedom from load.
    """

    strategy: PolicyStrategy
    exploration: Level = 0.1
    skill_weight: Level = 0.5


class Evidence(Struct, frozen=True, omit_defaults=True):
    """What a trial has shown so far. Worth is that of an attempt, 0–1: see `Learned`.

    Attributes:
        attempts: that were judged; for `online` those of the policy on trial.
        worth: of the policy on trial.
        today: of the policy in force.
        gain: `worth - today`; the true one is between `low` and `high` with a probability of 95 %, however often
            it was looked at.
    """

    method: Method
    attempts: int
    worth: float
    today: float
    gain: float
    low: float
    high: float


# Commands


class ProposePolicy(Command, frozen=True, tag="propose_policy"):
    """Make the entity a policy and begin its trial: in shadow, then as a canary, then in force if it is better.

    `share`: of the tasks that it decides as a canary.
    """

    policy: Policy
    share: Annotated[float, Meta(gt=0.0, le=0.5)] = 0.1
    reason: Text | None = None


class PromotePolicy(Command, frozen=True, tag="promote_policy"):
    """The policy goes on to the next stage whatever its trial has shown."""

    reason: Text | None = None


class RollBackPolicy(Command, frozen=True, tag="roll_back_policy"):
    """The policy decides nothing any more; if it was in force, the one before it is again."""

    reason: Text | None = None


PolicyCommand = ProposePolicy | PromotePolicy | RollBackPolicy


# Events of the optimizer


class PolicyStaged(Event, frozen=True, tag="policy_staged"):
    """The policy is at that stage from now on.

    Attributes:
        number: counts the steps of all policies, from 1.
        share: of the tasks, as a canary.
        evidence: what led to it, where it was not simply asked for.
    """

    number: int
    stage: Stage
    policy: Policy
    share: float
    reason: str
    evidence: Evidence | None = None


class PolicyRolledBack(Event, frozen=True, tag="policy_rolled_back"):
    """The policy decides nothing from now on. `was`: its last stage."""

    number: int
    was: Stage
    reason: str
    evidence: Evidence | None = None


class PolicyJudged(Event, frozen=True, tag="policy_judged"):
    """The trial was looked at, and what it has shown does not decide yet: the policy stays at that stage.

    `again_at`: attempts at which it is looked at next.
    """

    stage: Stage
    evidence: Evidence
    again_at: int


PolicyEvent = PolicyStaged | PolicyRolledBack | PolicyJudged


# Events of the router


class PolicyApplied(Event, frozen=True, tag="policy_applied"):
    """The router follows that step of the optimizer's."""

    number: int
    stage: Stage
    policy: Policy
    share: float


class PolicyWithdrawn(Event, frozen=True, tag="policy_withdrawn"):
    """The router no longer follows the policy."""

    number: int


AppliedEvent = PolicyApplied | PolicyWithdrawn
