"""What may be asked about policies, and the answers."""

from __future__ import annotations

from msgspec import Struct

from .names import Name
from .policies import Evidence, Policy, Stage
from .query import Answer, ListOpen, Page, Query


class PolicyStep(Struct, omit_defaults=True):
    """How a policy came to a stage, or out of use (None), and by whom; `at`: seconds since the epoch, UTC."""

    stage: Stage | None
    at: float
    by: str
    reason: str
    evidence: Evidence | None = None


class Standing(Struct, frozen=True):
    """What a trial has shown so far, which does not decide yet; `again_at`: attempts at which it is looked at next."""

    at: float
    evidence: Evidence
    again_at: int


class PolicyRow(Struct, omit_defaults=True):
    """A policy; times are seconds since the epoch, UTC.

    Attributes:
        stage: None once it is out of use.
        share: of the tasks, as a canary.
        since: of its stage.
        by: who proposed it.
        steps: the newest last, 100 at the most.
        standing: of the trial at its stage; None before its first look, and when it is over.
    """

    policy_id: str
    policy: Policy
    stage: Stage | None
    share: float
    proposed_at: float
    since: float
    by: str
    steps: list[PolicyStep]
    standing: Standing | None = None


class PolicyAnswer(Answer, frozen=True, kw_only=True):
    policy: PolicyRow


class GetPolicy(Query, frozen=True, kw_only=True):
    """One policy, and how its trial went."""

    wire = "policies.get"
    answer = PolicyAnswer

    policy_id: Name


class PoliciesAnswer(Page, frozen=True, kw_only=True):
    policies: list[PolicyRow]


class ListPolicies(ListOpen, frozen=True, kw_only=True):
    """The newest proposals first; those that are open are on trial or in force, the others out of use."""

    wire = "policies.list"
    answer = PoliciesAnswer
