"""What is done about what has failed: one recovery for each cause, step by step, until all is saved. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import get_args

from podium.contracts.outcomes import Refused
from podium.contracts.recovery import (
    Cause,
    Charge,
    DefinePlan,
    EscalateStep,
    PlanDefined,
    PlanRemoved,
    QuarantineStep,
    RecoveryEnded,
    RecoveryStarted,
    RecoveryStepTaken,
    RemovePlan,
    ResultStep,
    Step,
    successor,
)
from podium.kernel.decider import Emit

from .book import Book, Recovery
from .holds import quarantined
from .parts import Fallen
from .plans import choose, fitting
from .state import HealthState
from .watch import RECOVERY

NOBODY = "nobody"
"""Stands for the agent of a task that no agent ever had."""

_OWN = frozenset(get_args(Cause))
"""Codes of attempts that a recovery has ended."""

MOST_CHARGES = 500
"""Of one recovery; what a lost agent had beyond that is another one's."""


def decide(book: Book, name: str, command: DefinePlan | RemovePlan) -> list[Emit] | Refused:
    known = book.plans.get(name)
    match command:
        case DefinePlan():
            plan = PlanDefined(
                causes=command.causes,
                steps=command.steps,
                kinds=command.kinds,
                agents=command.agents,
                times=command.times,
                order=command.order,
                codes=tuple(command.codes),
                attempts=command.attempts,
            )
            for place, step in enumerate(plan.steps):
                if "task_failed" in plan.causes and isinstance(step, ResultStep):
                    path = f"$.steps[{place}]"
                    message = f"{path}: a task that has failed has no output any more; have it for attempt_failed"
                    return Refused("bad_plan", message, {"path": path})
            return [] if plan == known else [Emit(name, plan)]
        case RemovePlan():
            if known is None:
                return Refused("unknown_plan", f"there is no plan {name}")
            return [Emit(name, PlanRemoved())]


def begin(state: HealthState, now: float) -> Iterator[Emit]:
    """What lost agents have in hand, and what does not get on, is saved once."""
    parts, book = state.parts, state.book
    for agent in list(state.watch.bereft):
        standing = book.standings.get(agent)
        if standing is not None and standing.lost_at is not None:
            impatient = [task for task in parts.held.get(agent, ()) if not parts.attempts[task].patient]
            yield from _start(state, "agent_lost", agent, impatient, now)
        state.watch.bereft.pop(agent, None)
    for task in list(state.watch.stuck):
        stall = book.stalls.get(task)
        attempt = parts.attempts.get(task)
        if stall is not None and attempt is not None and attempt.attempt == stall.attempt:
            yield from _start(state, "agent_stalled", stall.agent, [task], now)
        state.watch.stuck.pop(task, None)
    for task in list(state.watch.failed):
        if book.plans:
            yield from _failed(state, task, now)
        state.watch.failed.pop(task, None)
    for task in list(parts.fallen) if book.plans else ():
        yield from _fallen(state, task, parts.fallen[task], now)
        del parts.fallen[task]
    if not book.plans:
        parts.fallen.clear()


def _failed(state: HealthState, task: str, now: float) -> Iterator[Emit]:
    """An attempt has failed and its task waits for the next one: only a plan that is for it does anything."""
    book, rest = state.book, state.parts.rests.get(task)
    if rest is None or not rest.code or rest.code in _OWN or book.charged.get(task, 0) >= rest.attempt:
        return
    times = book.times(rest.agent, "attempt_failed", now) + 1
    plan = fitting(book.plans, "attempt_failed", rest.agent, [rest.kind], times, rest.code, rest.attempt)
    if plan is not None:
        yield from _by_plan(state, "attempt_failed", plan, rest.agent, Charge(task, rest.attempt), times, now)


def _fallen(state: HealthState, task: str, fallen: Fallen, now: float) -> Iterator[Emit]:
    """A task has failed: only a plan that was there by then does anything, and to what took another's place nothing."""
    book, agent = state.book, fallen.agent or NOBODY
    if task in book.seen or fallen.at <= book.floor:
        return
    plans = {name: plan for name, plan in book.plans.items() if book.planned[name] < fallen.at}
    times = book.times(agent, "task_failed", now) + 1
    plan = fitting(plans, "task_failed", agent, [fallen.kind], times, fallen.code, max(1, fallen.attempts))
    if plan is not None:
        yield from _by_plan(state, "task_failed", plan, agent, Charge(task, fallen.attempts), times, now)


def _by_plan(
    state: HealthState, cause: Cause, plan: str, agent: str, charge: Charge, times: int, now: float
) -> Iterator[Emit]:
    name, steps = f"recovery-{state.book.started + 1}", state.book.plans[plan].steps
    yield Emit(name, RecoveryStarted(cause=cause, agent=agent, charges=[charge], plan=plan, steps=steps, times=times))
    yield from _steps(state, name, [charge], now)


def tripped(state: HealthState, agent: str, now: float) -> Iterator[Emit]:
    """The breaker of an agent has opened."""
    yield from _follow(state, "breaker_opened", agent, [], (), now)


def go_on(state: HealthState, name: str, now: float) -> Iterator[Emit]:
    """What was to be saved may be so by now, or it is time for the next step."""
    recovery = state.book.recoveries.get(name)
    if recovery is None:
        return
    if recovery.cause == "task_failed":
        yield from _go_on_in_its_place(state, name, recovery, now)
        return
    left = [charge for charge in recovery.charges if not _is_saved(state, charge)]
    if not left:
        yield _end(name, recovery, left, now)
    elif recovery.next_at <= now:
        yield from _steps(state, name, left, now)


def _go_on_in_its_place(state: HealthState, name: str, recovery: Recovery, now: float) -> Iterator[Emit]:
    """It has helped when what took the failed task's place is completed. That is waited for from its first attempt
    on; if it fails as well, the next step is due at once.
    """
    parts, (charge,) = state.parts, recovery.charges
    numbers = [number for number in range(1, recovery.taken + 1) if not is_immediate(recovery.steps[number - 1])]
    places = [successor(charge.task, name, number) for number in numbers]
    endings = [parts.successors.get(place) for place in places]
    if "completed" in endings or "cancelled" in endings:
        yield _end(name, recovery, [], now)
    elif any(place in parts.attempts or place in parts.rests for place in places):
        state.watch.timers.set(RECOVERY + name, now + recovery.steps[recovery.taken - 1].within)
    elif recovery.next_at <= now or (endings and endings[-1] == "failed"):
        yield from _steps(state, name, [charge], now)


def _start(state: HealthState, cause: Cause, agent: str, tasks: list[str], now: float) -> Iterator[Emit]:
    """Tasks of one kind are saved together, since a plan may be for some kinds only."""
    attempts = state.parts.attempts
    fresh = [task for task in tasks if state.book.charged.get(task) != attempts[task].attempt]
    kinds = groupby(sorted(fresh, key=lambda task: attempts[task].kind), key=lambda task: attempts[task].kind)
    plans: dict[str, tuple[list[str], list[str]]] = {}
    times = state.book.times(agent, cause, now) + 1
    for kind, of_kind in kinds:
        plan, _ = choose(state.book.plans, cause, agent, [kind], times)
        known = plans.setdefault(plan, ([], []))
        known[0].append(kind)
        known[1].extend(of_kind)
    for kinds_of_plan, tasks_of_plan in plans.values():
        for at in range(0, len(tasks_of_plan), MOST_CHARGES):
            some = tasks_of_plan[at : at + MOST_CHARGES]
            charges = [Charge(task, attempts[task].attempt) for task in some]
            yield from _follow(state, cause, agent, charges, kinds_of_plan, now)


def _follow(
    state: HealthState, cause: Cause, agent: str, charges: list[Charge], kinds: list[str] | tuple[()], now: float
) -> Iterator[Emit]:
    book = state.book
    name = f"recovery-{book.started + 1}"
    times = book.times(agent, cause, now) + 1
    plan, steps = choose(book.plans, cause, agent, kinds, times)
    yield Emit(name, RecoveryStarted(cause=cause, agent=agent, charges=charges, plan=plan, steps=steps, times=times))
    yield from _steps(state, name, charges, now)


def _steps(state: HealthState, name: str, left: list[Charge], now: float) -> Iterator[Emit]:
    """The next step, and those after it that need not be waited for."""
    recovery = state.book.recoveries[name]
    while recovery.taken < len(recovery.steps):
        step = recovery.steps[recovery.taken]
        event = RecoveryStepTaken(
            number=recovery.taken + 1, step=step, cause=recovery.cause, agent=recovery.agent, charges=left
        )
        yield Emit(name, event)
        recovery = state.book.recoveries[name]
        if isinstance(step, QuarantineStep) and recovery.agent != NOBODY:
            yield quarantined(recovery.agent, step.seconds, f"{recovery.cause} ({name})", now)
        if not is_immediate(step):
            return
    yield _end(name, recovery, left, now)


def is_immediate(step: Step) -> bool:
    """Whether nothing of what is to be saved is saved by it, so that it need not be waited for."""
    return isinstance(step, QuarantineStep | EscalateStep)


def _end(name: str, recovery: Recovery, left: list[Charge], now: float) -> Emit:
    after = round(max(0.0, now - recovery.since), 3)
    return Emit(name, RecoveryEnded(outcome="exhausted" if left else "recovered", after=after, left=left))


def _is_saved(state: HealthState, charge: Charge) -> bool:
    """Whether a later attempt is in hand, or the task is closed: neither in hand nor waiting for its next attempt."""
    attempt = state.parts.attempts.get(charge.task)
    return attempt.attempt > charge.attempt if attempt is not None else charge.task not in state.parts.rests
