"""Health's words of recovery: plans as data, the steps taken, and the holds that keep work from an agent or a skill."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct, field

from .envelope import Command, Event
from .names import Name, RecordedName, Text

Cause = Literal["agent_lost", "agent_stalled", "breaker_opened", "attempt_failed", "task_failed"]
"""What calls for recovery; of the last two only where a plan is for them: a task has its own `retry`. A task that has
failed is over: another one takes its place, its `successor`."""

Severity = Literal["info", "warning", "critical"]

Seconds = Annotated[float, Meta(gt=0.0, le=31_536_000.0)]


class _Step(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="action"):
    """One step of a plan. `within`: seconds that it has to help before the next one is taken."""

    within: Seconds = 30.0


class RetryStep(_Step, frozen=True, tag="retry"):
    """The attempt is over; the next one waits as the task's own `retry` says."""


class ReassignStep(_Step, frozen=True, tag="reassign"):
    """The attempt is over; the next one begins at once, with another agent if there is one."""


class FallbackStep(_Step, frozen=True, kw_only=True, tag="fallback_agents"):
    """The attempt is over; the next one begins at once, with one of these agents and no other."""

    agents: Annotated[list[Name], Meta(min_length=1, max_length=100)]


class ResultStep(_Step, frozen=True, kw_only=True, tag="fallback_result"):
    """The task is completed with this output, any JSON, in the place of an agent's. It is not held against the task's
    `output_schema`."""

    output: Raw


class QuarantineStep(_Step, frozen=True, tag="quarantine"):
    """The agent gets no new work for so many seconds."""

    seconds: Seconds = 300.0


class EscalateStep(_Step, frozen=True, tag="escalate"):
    """A person is told."""

    severity: Severity = "warning"
    message: Text = ""


Step = RetryStep | ReassignStep | FallbackStep | ResultStep | QuarantineStep | EscalateStep


# Commands


class DefinePlan(Command, frozen=True, tag="define_plan"):
    """What to do about a cause, in the place of what is done by default. The entity is the plan.

    The plan that fits and has the lowest `order` is followed; of equal ones the first by name.

    Attributes:
        causes: any of these.
        kinds, agents: of tasks and of agents, if any are named.
        times: it fits from so many such causes of the same agent on, within the hour.
        codes, attempts: of `attempt_failed` and `task_failed`: it fits these codes, all if none are named, from that
            attempt on.
        steps: one after the other, until one has helped.
    """

    causes: Annotated[list[Cause], Meta(min_length=1)]
    steps: Annotated[list[Step], Meta(min_length=1, max_length=20)]
    kinds: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list[Name])
    agents: Annotated[list[Name], Meta(max_length=1000)] = field(default_factory=list[Name])
    times: Annotated[int, Meta(ge=1, le=1000)] = 1
    order: Annotated[int, Meta(ge=0, le=1000)] = 100
    codes: Annotated[list[Annotated[str, Meta(max_length=128)]], Meta(max_length=100)] = field(
        default_factory=list[str]
    )
    attempts: Annotated[int, Meta(ge=1, le=1000)] = 1


class RemovePlan(Command, frozen=True, tag="remove_plan"):
    """What is under way by this plan goes on."""


Scope = Literal["agent", "skill", "all"]
"""What a hold is about: the entity is an agent, a skill, or `all`."""

HoldCause = Literal["maintenance", "quarantine", "breaker", "emergency"]


class HoldWork(Command, frozen=True, tag="hold_work"):
    """No new work for an agent, a skill or everything (the entity is then `all`); what is in hand is finished.

    Attributes:
        seconds: lifted by itself after so long; None for until somebody does.
    """

    reason: Annotated[str, Meta(min_length=1, max_length=4096)]
    scope: Scope = "agent"
    seconds: Seconds | None = None


class ResumeWork(Command, frozen=True, tag="resume_work"):
    """Lifts holds of an agent, a skill or everything, except for an emergency stop."""

    reason: Annotated[str, Meta(min_length=1, max_length=4096)]
    scope: Scope = "agent"


class StopAll(Command, frozen=True, tag="stop_all"):
    """Emergency: what runs is cancelled, what comes is refused, until somebody lifts it. The entity is `all`."""

    reason: Annotated[str, Meta(min_length=1, max_length=4096)]


class LiftStop(Command, frozen=True, tag="lift_stop"):
    """The emergency is over. The entity is `all`; who lifts it, and why, is in the log."""

    reason: Annotated[str, Meta(min_length=1, max_length=4096)]


RecoveryCommand = DefinePlan | RemovePlan | HoldWork | ResumeWork | StopAll | LiftStop


# Events


def successor(task: str, recovery: str, number: int) -> str:
    """The task that a step of a recovery puts into the place of one that has failed; `number`: the step's."""
    name = f"{task}-{recovery}-{number}"
    return name if len(name) <= 128 else f"{blake2b(task.encode(), digest_size=8).hexdigest()}-{recovery}-{number}"


class Charge(Struct, frozen=True, gc=False):
    """An attempt that a recovery is about."""

    task: RecordedName
    attempt: int


class PlanDefined(Event, frozen=True, kw_only=True, tag="plan_defined"):
    """The fields are the plan's."""

    causes: list[Cause]
    steps: list[Step]
    kinds: list[RecordedName]
    agents: list[RecordedName]
    times: int
    order: int
    codes: tuple[str, ...] = ()
    attempts: int = 1


class PlanRemoved(Event, frozen=True, tag="plan_removed"):
    """It is followed no more."""


class RecoveryStarted(Event, frozen=True, kw_only=True, tag="recovery_started"):
    """Something has failed, and a plan was chosen. The entity names the recovery.

    Attributes:
        agent: whose failure it is.
        charges: the attempts that it had in hand and that are to be saved.
        plan: its name, or `default`.
        times: how many such causes the agent has had within the hour, this one included.
    """

    cause: Cause
    agent: RecordedName
    charges: list[Charge]
    plan: str
    steps: list[Step]
    times: int


class RecoveryStepTaken(Event, frozen=True, kw_only=True, tag="recovery_step_taken"):
    """The router or health itself carries it out.

    Attributes:
        number: of the step in its plan, from 1.
        charges: those that are not saved yet.
    """

    number: int
    step: Step
    cause: Cause
    agent: RecordedName
    charges: list[Charge]


class RecoveryEnded(Event, frozen=True, kw_only=True, tag="recovery_ended"):
    """
    Attributes:
        outcome: `recovered`: all that was to be saved is with others, or closed; `exhausted`: no step has helped.
        after: seconds since it was started.
    """

    outcome: Literal["recovered", "exhausted"]
    after: float
    left: list[Charge]


class HoldPlaced(Event, frozen=True, kw_only=True, tag="hold_placed"):
    """The entity (an agent, a skill, or `all`) gets no new work.

    Attributes:
        until: seconds since the epoch, UTC; None for until it is lifted.
        probe: work is let through again, to an agent one task at a time, to see whether it is well.
    """

    scope: Scope
    cause: HoldCause
    reason: str
    until: float | None = None
    probe: bool = False


class HoldLifted(Event, frozen=True, kw_only=True, tag="hold_lifted"):
    """It gets work again, if nothing else holds it."""

    scope: Scope
    cause: HoldCause
    reason: str


RecoveryEvent = (
    PlanDefined | PlanRemoved | RecoveryStarted | RecoveryStepTaken | RecoveryEnded | HoldPlaced | HoldLifted
)
