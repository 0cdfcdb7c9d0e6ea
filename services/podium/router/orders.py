"""What health wants done with attempts and with tasks that have failed, and how the router does it: once, and only to
what is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Raw, Struct
from msgspec.structs import replace

from podium.contracts.recovery import FallbackStep, ReassignStep, RecoveryStepTaken, ResultStep, RetryStep, successor
from podium.contracts.tasks import AttemptFailed, TaskCompleted, TaskRedirected
from podium.kernel.decider import Emit

from .jobs import again
from .phases import IN_HAND, Open, trail_of
from .retry import fail
from .rules import Rules
from .submission import room

if TYPE_CHECKING:
    from .state import RouterState

ORDERS_KEPT: Final = 100_000

Saving = RetryStep | ReassignStep | FallbackStep | ResultStep
"""The steps of a plan that the router carries out."""

_WHY: Final = {
    "agent_lost": "{} is lost",
    "agent_stalled": "{} made no progress for too long",
    "breaker_opened": "too many attempts of {} fail",
    "attempt_failed": "the attempt of {} has failed",
}

TASK_FAILED: Final = "task_failed"
"""The cause of orders that are about a task and not about an attempt."""


class Order(Struct, frozen=True, gc=False):
    """Observed: a step of a recovery, for one attempt."""

    attempt: int
    code: str
    step: Saving
    recovery: str
    number: int


def orders_of(recovery: str, fact: RecoveryStepTaken) -> Iterator[tuple[str, Order]]:
    """Task → what is to be done with it."""
    if isinstance(fact.step, Saving):
        for charge in fact.charges:
            yield charge.task, Order(charge.attempt, fact.cause, fact.step, recovery, fact.number)


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


def replace_failed(state: RouterState, task: str, order: Order, now: float, rules: Rules) -> Iterator[Emit]:
    """Another task takes the place of one that has failed; or the one that has done so goes to other agents.

    Nothing, if its deadline is over, if there is no room, or if it failed too long ago.
    """
    failure, agents = state.book.failures.find(task), _agents(order)
    name = successor(task, order.recovery, order.number)
    if failure is None or name in failure.successors:
        return
    present = state.book.tasks.get(failure.successors[-1]) if failure.successors else None
    if present is not None:
        if agents and not isinstance(present, IN_HAND) and set(present.trail.only) != set(agents):
            yield Emit(present.job.id, TaskRedirected(agents, order.recovery))
        return
    job = failure.job
    is_late = job.deadline is not None and job.deadline <= now
    if is_late or state.book.find(name) is not None or room(state, job.principal, 1, rules) is not None:
        return
    yield Emit(name, again(job), actor=job.principal, parent=task)
    if agents:
        yield Emit(name, TaskRedirected(agents, order.recovery))


def _agents(order: Order) -> list[str]:
    return order.step.agents if isinstance(order.step, FallbackStep) else []
