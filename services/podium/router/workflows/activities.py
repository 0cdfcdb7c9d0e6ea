"""The tasks and child runs of steps: which comes next, under what name, with what input."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Raw

from podium.contracts.expressions import read_json
from podium.contracts.tasks import TaskSubmitted
from podium.contracts.workflows import (
    Purpose,
    StepCompleted,
    StepContinued,
    StepFailed,
    StepStarted,
    WorkflowEvent,
    WorkflowStarted,
)
from podium.router.rules import Rules
from podium.router.state import RouterState

from .book import Flows
from .keys import cache_key, child_name
from .plan import StepPlan, WorkPlan
from .runs import Completed, Failed, Link, Run
from .values import NoValue, check_fit, error_of, filled, of_activity, variables

Begun = TaskSubmitted | WorkflowStarted


def begin(state: RouterState, run: Run, step: StepPlan, now: float, rules: Rules) -> Iterator[WorkflowEvent]:
    """The next activity of a step: what there is to say of it."""
    flows, facts = state.flows, run.facts
    active = facts.active.get(step.id)
    index = 0 if active is None else active.next
    purpose: Purpose = "element" if step.for_each is not None else "round" if step.step.is_loop else "work"
    try:
        _check_limits(flows, run, step)
        input = filled(step.work.input, of_activity(run, step, index), "input")
        check_fit(input, step.step.input_schema, "input", rules)
    except NoValue as none:
        since = now if active is None else active.since
        yield StepFailed(step.id, none.code, str(none), now - since, step.step.on_failure == "continue")
        return
    known = _known(flows, step, input, now)
    if known is not None and active is None and purpose == "work":
        yield StepCompleted(step.id, Raw(known), source="cache")
        return
    if known is not None:
        if active is None:
            yield StepStarted(step.id)
        yield StepContinued(step.id, purpose, index, output=Raw(known))
        return
    child = _name(state, run, step, "" if active is None else f"-{index}")
    is_run = step.step.action == "workflow"
    task, other = (None, child) if is_run else (child, None)
    until = now + step.step.timeout if is_run and step.step.timeout is not None else None
    if active is None:
        yield StepStarted(step.id, task, other, until=until)
    else:
        yield StepContinued(step.id, purpose, index, task, other)


def fall_back(state: RouterState, run: Run, step: StepPlan, index: int, failed: Failed) -> StepContinued:
    """What is done in the place of work that has failed.

    Raises:
        NoValue
    """
    if step.fallback is not None:
        _check_limits(state.flows, run, step)
        filled(step.fallback.input, _with_error(run, step, index, failed), "fallback.input")
        task = _name(state, run, step, f"-{index}-fallback" if step.for_each or step.step.is_loop else "-fallback")
        return StepContinued(step.id, "fallback", index, task)
    assert step.fallback_output is not None
    output = filled(step.fallback_output, _with_error(run, step, index, failed), "fallback.output")
    return StepContinued(step.id, "fallback", index, output=Raw(output))


def undo(state: RouterState, run: Run, name: str) -> StepContinued:
    """The task that undoes a step; one whose input has no value cannot be undone, and is passed over."""
    step = run.plan.steps[name]
    assert step.undo is not None
    try:
        filled(step.undo.input, _after(run, step), "compensate.input")
    except NoValue:
        return StepContinued(name, "compensation", output=Raw(b"null"))
    return StepContinued(name, "compensation", task=_name(state, run, step, "-undo"))


def submission(flows: Flows, run: Run, link: Link) -> Begun:
    """The event that makes a task or child run of a step.

    Raises:
        NoValue
    """
    step = run.plan.steps[link.step]
    match link.purpose:
        case "compensation":
            work, values = step.undo, _after(run, step)
        case "fallback":
            active = run.facts.active[step.id]
            work, values = step.fallback, _with_error(run, step, link.index, active.failures[link.index])
        case _:
            work, values = step.work, of_activity(run, step, link.index)
    assert work is not None
    input = Raw(filled(work.input, values, "input"))
    if step.step.action == "workflow" and link.purpose not in ("compensation", "fallback"):
        version = flows.versions.newest(step.step.workflow or "")
        if version is None:
            raise NoValue("unknown_workflow", f"there is no workflow {step.step.workflow}")
        return WorkflowStarted(
            step.step.workflow or "", version.number, version.hash, input,
            parent=run.id, step=step.id, index=link.index, depth=run.facts.depth + 1,
        )  # fmt: skip
    return _task(run, step, work, input, link.purpose)


def _task(run: Run, step: StepPlan, work: WorkPlan, input: Raw, purpose: Purpose) -> TaskSubmitted:
    own = step.step.priority
    return TaskSubmitted(
        kind=work.kind,
        skills=work.skills,
        input=input,
        priority=run.facts.priority if own is None else own,
        constraints=work.constraints,
        retry=work.retry,
        timeouts=work.timeouts,
        estimated_duration=step.step.estimated_duration,
        resources=step.step.resources,
        output_schema=step.step.output_schema if purpose != "compensation" else None,
        metadata={"workflow": run.facts.workflow, "run": run.id, "step": step.id},
    )


def _check_limits(flows: Flows, run: Run, step: StepPlan) -> None:
    """Raises: NoValue"""
    limits = run.plan.definition.limits
    if run.facts.tasks >= limits.max_tasks:
        raise NoValue("too_many_tasks", f"the run has begun {run.facts.tasks:,} tasks, and more than that it may not")
    if step.step.workflow is not None:
        if run.facts.depth >= limits.max_depth:
            raise NoValue("too_deep", f"it is {run.facts.depth} runs below the first, and deeper it may not go")
        if flows.versions.newest(step.step.workflow) is None:
            raise NoValue("unknown_workflow", f"there is no workflow {step.step.workflow}")


def _known(flows: Flows, step: StepPlan, input: bytes, now: float) -> bytes | None:
    """The output of the same work on the same input, if there is one that is not too old."""
    cache, work = step.step.cache, step.work
    if cache is None or not flows.cache:
        return None
    found = flows.cache.find(cache_key(work.kind, work.skills, work.constraints.agents, input))
    return found[0] if found is not None and found[1] >= now - cache.max_age else None


def _name(state: RouterState, run: Run, step: StepPlan, suffix: str) -> str:
    flows, book = state.flows, state.book

    def is_taken(name: str) -> bool:
        return name in flows.runs or name in flows.closed or name in flows.children.links or book.find(name) is not None

    return child_name(run.id, step.id, suffix, is_taken)


def _after(run: Run, step: StepPlan) -> dict[str, object]:
    """What the work that undoes a step sees."""
    done = run.facts.done.get(step.id)
    output = read_json(done.output) if isinstance(done, Completed) else None
    return variables(run, output=output)


def _with_error(run: Run, step: StepPlan, index: int, failed: Failed) -> dict[str, object]:
    return {**of_activity(run, step, index), "error": error_of(failed)}
