"""What may be asked about health, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .names import Name
from .query import Answer, ListOpen, Page, Query
from .recovery import Cause, Charge, HoldCause, Scope, Step
from .thresholds import Health, State

StandingName = Literal["well", "suspected", "lost"]


class AgentHealthRow(Struct, omit_defaults=True):
    """An agent of which health has said anything; times are seconds since the epoch, UTC.

    Attributes:
        since: when it came into its standing.
        state, reasons: as health said last; `health.agent` has those of this moment.
        stalled: attempts that it makes no progress with.
        suspected, lost: how often it was.
    """

    agent_id: str
    since: float
    standing: StandingName = "well"
    state: State = "healthy"
    reasons: list[str] = []
    stalled: list[Charge] = []
    suspected: int = 0
    lost: int = 0


class HoldRow(Struct, omit_defaults=True):
    """What keeps work from an agent, a skill or everything; `by`: the principal, or health itself."""

    name: str
    scope: Scope
    cause: HoldCause
    reason: str
    since: float
    by: str
    until: float | None = None
    probe: bool = False


class RecoveryRow(Struct, omit_defaults=True):
    """A recovery; `taken`: how many of its steps were. `outcome` is None while it is under way."""

    recovery_id: str
    cause: Cause
    agent: str
    plan: str
    charges: list[Charge]
    steps: list[Step]
    started_at: float
    taken: int = 0
    outcome: Literal["recovered", "exhausted"] | None = None
    ended_at: float | None = None
    left: list[Charge] = []


class PlanRow(Struct, omit_defaults=True):
    """A plan that is followed; the fields are those of `define_plan`."""

    plan_id: str
    causes: list[Cause]
    steps: list[Step]
    kinds: list[str] = []
    agents: list[str] = []
    times: int = 1
    order: int = 100
    codes: list[str] = []
    attempts: int = 1


class HealthOverviewAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        health: of everything, as health's owner says it now; None if it does not answer.
        doubts: agents that are not well, the newest first, 100 at the most.
        suspected, lost, stalled: how many agents are.
        holds: all that are in force.
        recoveries: how many are under way.
    """

    health: Health | None = None
    suspected: int
    lost: int
    stalled: int
    doubts: list[AgentHealthRow]
    holds: list[HoldRow]
    recoveries: int


class HealthOverview(Query, frozen=True, kw_only=True):
    """How everything is, and what is not as it should be."""

    wire = "health.overview"
    answer = HealthOverviewAnswer


class AgentHealthAnswer(Answer, frozen=True, kw_only=True):
    """`health`: as health's owner says it now; None if it does not answer or does not know the agent."""

    agent: AgentHealthRow
    health: Health | None = None
    holds: list[HoldRow]


class GetAgentHealth(Query, frozen=True, kw_only=True):
    """How one agent is, and why."""

    wire = "health.agent"
    answer = AgentHealthAnswer

    agent_id: Name


class RecoveriesAnswer(Page, frozen=True, kw_only=True):
    recoveries: list[RecoveryRow]


class ListRecoveries(ListOpen, frozen=True, kw_only=True):
    """Newest first."""

    wire = "recoveries.list"
    answer = RecoveriesAnswer


class PlansAnswer(Answer, frozen=True, kw_only=True):
    plans: list[PlanRow]


class ListPlans(Query, frozen=True, kw_only=True):
    """What was defined to be done about failures, in the order in which it is looked at."""

    wire = "plans.list"
    answer = PlansAnswer
