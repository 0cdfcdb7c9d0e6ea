"""What has come back to a step that is active: it is done, it goes on, or it has failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

import msgspec
from msgspec import Raw

from podium.contracts.expressions import EvaluationError, read_json
from podium.contracts.personal import told
from podium.contracts.workflows import StepCompleted, StepFailed, WorkflowEvent
from podium.router.state import RouterState

from .activities import fall_back
from .plan import StepPlan
from .runs import Active, Completed, Failed, Run
from .values import MOST_BYTES, NoValue, variables


def settle(state: RouterState, run: Run, step: StepPlan, now: float) -> Iterator[WorkflowEvent]:
    """What there is to say of an active step, if anything."""
    active = run.facts.active[step.id]
    try:
        for index in list(active.failed):
            result = active.results[index]
            assert isinstance(result, Failed)
            if step.step.fallback is None or index in active.failures:
                raise NoValue(result.code, result.message)
            yield fall_back(state, run, step, index, result)
        if active.until is not None and active.until <= now:
            yield from _late(state, run, step, active)
        else:
            yield from _done(run, step, active, now)
    except NoValue as none:
        duration = max(0.0, now - active.since)
        yield StepFailed(step.id, none.code, str(none), duration, step.step.on_failure == "continue")


def _late(state: RouterState, run: Run, step: StepPlan, active: Active) -> Iterator[WorkflowEvent]:
    """Time is up for a signal, an approval or a child run.

    Raises:
        NoValue
    """
    failed = Failed("timeout", f"nothing came within {step.step.timeout:g} s")
    if step.fallback_output is None or step.fallback is not None or active.failures or active.items is not None:
        raise NoValue(failed.code, failed.message)
    yield fall_back(state, run, step, 0, failed)


def _done(run: Run, step: StepPlan, active: Active, now: float) -> Iterator[WorkflowEvent]:
    """Raises: NoValue"""
    output: bytes | None
    match step.step.action:
        case _ if active.failures and active.items is None and isinstance(result := active.results.get(0), Completed):
            if step.step.is_loop:
                yield from _loop(run, step, active, now)
                return
            output = result.output
        case "wait_for":
            waiting = run.facts.signals.get(step.step.wait_for or "")
            if not waiting:
                return
            output = waiting[0]
        case "approve":
            approved = _approved(step, active)
            if approved is None:
                return
            output = approved
        case "task" | "workflow" if active.items is not None:
            if len(active.results) < active.items:
                _go_on(run, step, active)
                return
            output = None
            size = sum(len(result.output) + 1 for result in active.results.values() if isinstance(result, Completed))
            if size < MOST_BYTES // 2:
                parts = [active.results[index] for index in range(active.items)]
                output = msgspec.json.encode([Raw(part.output) for part in parts if isinstance(part, Completed)])
        case "task" | "workflow" if step.step.is_loop:
            yield from _loop(run, step, active, now)
            return
        case "task" | "workflow":
            result = active.results.get(0)
            if not isinstance(result, Completed):
                return
            output = result.output
        case "synthesis":
            return
        case _:
            assert_never(step.step.action)
    duration = max(0.0, now - active.since)
    whole = output is not None
    yield StepCompleted(step.id, Raw(output or b"null"), whole, duration, active.source)


def _go_on(run: Run, step: StepPlan, active: Active) -> None:
    """More elements of a list may begin."""
    assert active.items is not None
    most = step.step.concurrency or active.items
    if active.next < active.items and len(active.open) < most:
        run.offer(step)


def _loop(run: Run, step: StepPlan, active: Active, now: float) -> Iterator[WorkflowEvent]:
    """A round is over.

    Raises:
        NoValue
    """
    index = active.next - 1
    result = active.results.get(index)
    if not isinstance(result, Completed):
        if index < 0:
            run.offer(step)
        return
    output = read_json(result.output)
    try:
        ends = step.until is not None and step.until.holds(variables(run, output=output, iteration=index + 1))
    except EvaluationError as error:
        raise NoValue.of(error, "until") from None
    most = step.step.max_iterations
    if not ends and (most is None or index + 1 < most):
        run.offer(step)
        return
    if not ends and step.until is not None:
        raise NoValue("max_iterations", f"it was not done after {most} rounds")
    yield StepCompleted(step.id, Raw(result.output), True, max(0.0, now - active.since), active.source)


def _approved(step: StepPlan, active: Active) -> bytes | None:
    """The output of an approval: who approved, with what comment; None while others must.

    Raises:
        NoValue: it was rejected.
    """
    approval = step.step.approve
    assert approval is not None
    if active.rejected is not None:
        by, comment = active.rejected
        rejected = f"{by} has rejected it"
        raise NoValue("rejected", told(rejected, comment) if comment else rejected)
    if len(active.approved) < approval.count:
        return None
    return msgspec.json.encode({"approved": [{"by": by, "comment": comment} for by, comment in active.approved]})
