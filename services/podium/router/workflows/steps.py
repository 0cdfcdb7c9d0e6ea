"""What the events of a run's steps change in it."""

from __future__ import annotations

from podium.contracts.workflows import (
    StepApproved,
    StepCompleted,
    StepContinued,
    StepFailed,
    StepRejected,
    StepSkipped,
    StepStarted,
)

from .children import Children
from .runs import Active, Completed, Ending, Facts, Failed, Run, Skipped

StepEvent = StepStarted | StepContinued | StepApproved | StepRejected | StepCompleted | StepFailed | StepSkipped


def fold_step(children: Children, run: Run, event: StepEvent, actor: str, at: float) -> None:
    facts = run.facts
    match event:
        case StepStarted():
            _started(children, run, event, at)
        case StepContinued():
            _continued(children, run, event)
        case StepApproved():
            facts.active[event.step].approved.append((actor, event.comment))
            run.changed[event.step] = None
        case StepRejected():
            facts.active[event.step].rejected = (actor, event.comment)
            run.changed[event.step] = None
        case StepCompleted():
            _completed(children, run, event)
        case StepFailed():
            children.drop(run, event.step)
            if not event.goes_on and facts.ending is None:
                facts.ending = Ending(event.code, event.message, event.step)
            run.finish(event.step, Failed(event.code, event.message))
        case StepSkipped():
            run.finish(event.step, Skipped())


def _started(children: Children, run: Run, event: StepStarted, at: float) -> None:
    facts = run.facts
    active = facts.active[event.step] = Active(at, items=event.items, until=event.until)
    if event.until is not None:
        run.times[event.step] = event.until
    child = event.task or event.run
    if child is not None:
        children.begin(run, event.step, "work", 0, child, active)
    else:
        run.changed[event.step] = None


def _continued(children: Children, run: Run, event: StepContinued) -> None:
    facts = run.facts
    child = event.task or event.run
    if event.purpose == "compensation":
        facts.undoing = event.step
        if child is not None:
            children.begin(run, event.step, event.purpose, event.index, child, None)
        else:
            undone(facts, event.step)
        return
    active = facts.active[event.step]
    before = active.results.pop(event.index, None)
    if event.purpose == "fallback":
        active.source = "fallback"
        active.until = None
        if event.index in active.failed:
            active.failed.remove(event.index)
        active.failures[event.index] = before if isinstance(before, Failed) else Failed("timeout", "time was up")
        run.times.pop(event.step, None)
    if child is not None:
        children.begin(run, event.step, event.purpose, event.index, child, active)
    else:
        # It counts as a task: a limit must end what would go on for ever.
        facts.tasks += 1
        active.next = max(active.next, event.index + 1)
        active.results[event.index] = Completed(bytes(event.output))
        run.changed[event.step] = None


def _completed(children: Children, run: Run, event: StepCompleted) -> None:
    facts, name = run.facts, event.step
    active = facts.active.get(name)
    if event.whole:
        output = bytes(event.output)
    else:
        results = {} if active is None else active.results
        parts = (results[index] for index in sorted(results))
        output = b"[" + b",".join(part.output for part in parts if isinstance(part, Completed)) + b"]"
    plan = run.plan.steps[name]
    if plan.step.wait_for is not None and facts.signals.get(plan.step.wait_for):
        facts.signals[plan.step.wait_for].pop(0)
    children.drop(run, name)
    if plan.undo is not None and event.source != "rerun":
        facts.undo.append(name)
    run.finish(name, Completed(output))


def undone(facts: Facts, step: str) -> None:
    """Nothing more is done to undo the step."""
    facts.undoing = None
    if facts.undo and facts.undo[-1] == step:
        facts.undo.pop()
