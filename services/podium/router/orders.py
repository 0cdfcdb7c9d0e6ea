"""What health wants done with attempts, and how the router does it: once, and only to the attempt that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct
from msgspec.structs import replace

from podium.contracts.recovery import FallbackStep, ReassignStep, RecoveryStepTaken, ResultStep, RetryStep
from podium.contracts.tasks import AttemptFailed, TaskCompleted, TaskRedirected
from podium.kernel.decider import Emit

from .phases import IN_HAND, Open, trail_of
from .retry import fail
from .rules import Rules

ORDERS_KEPT: Final = 100_000

Saving = RetryStep | ReassignStep | FallbackStep | ResultStep
"""The steps of a plan that the router carries out."""

_WHY: Final = {
    "agent_lost": "{} is lost",
    "agent_stalled": "{} made no progress for too long",
    "breaker_opened": "too many attempts of {} fail",
    "attempt_failed": "the attempt of {} has failed",
}


class Order(Struct, frozen=True, gc=False):
    """Observed: a step of a recovery, for one attempt."""

    attempt: int
    code: str
    step: Saving
    recovery: str


def orders_of(recovery: str, fact: RecoveryStepTaken) -> Iterator[tuple[str, Order]]:
    """Task → what is to be done with it."""
    if isinstance(fact.step, Saving):
        for charge in fact.charges:
            yield charge.task, Order(charge.attempt, fact.cause, fact.step, recovery)


def carry_out(task: Open, order: Order, now: float, rules: Rules) -> Iterator[Emit]:
    """Nothing, if another attempt has begun since."""
    if trail_of(task).attempt != order.attempt:
        return
    if isinstance(order.step, ResultStep):
        yield from _complete(task, order, order.step, now, rules)
        return
    redirected = isinstance(order.step, FallbackStep) and set(task.trail.only) != set(order.step.agents)
    if isinstance(task, IN_HAND):
        message = _WHY[order.code].format(task.agent)
        at_once = not isinstance(order.step, RetryStep)
        events = fail(task, order.code, message, now, rules, at_once=at_once, tell=True)
        yield from events
        redirected = redirected and len(events) == 1
    if redirected and isinstance(order.step, FallbackStep):
        yield Emit(task.job.id, TaskRedirected(order.step.agents, order.recovery))


def _complete(task: Open, order: Order, step: ResultStep, now: float, rules: Rules) -> Iterator[Emit]:
    """The task gets the output that the plan has for it; an attempt that is in hand has failed."""
    if isinstance(task, IN_HAND):
        message = _WHY[order.code].format(task.agent)
        failed, *_ = fail(task, order.code, message, now, rules, at_once=True, tell=True)
        if isinstance(failed.event, AttemptFailed) and failed.event.retry_at is None:
            failed = Emit(failed.entity, replace(failed.event, retry_at=now), failed.audience)  # no attempt, but no end
        yield failed
    trail = trail_of(task)
    completed = TaskCompleted(trail.agent or "nobody", trail.attempt, Raw(step.output), 0.0, fallback=order.recovery)
    yield Emit(task.job.id, completed)
