"""What a run's state makes due: steps begin, are done, fail; a run ends. Derived anew each time it is looked at.

Tasks of a step are submitted when an agent may soon have them, the most urgent first (see `order`): of those that the
same agents can do one waits in line, and others only if they are more urgent. So a run takes its turns among all
others' tasks as it is served, and the most urgent step goes first even if it could begin only a moment ago.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from msgspec import Raw

from podium.contracts.tasks import CancelTask, TaskCancelled
from podium.contracts.workflows import (
    StepCompleted,
    StepContinued,
    StepSkipped,
    StepStarted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowFailed,
)
from podium.kernel.decider import Emit
from podium.router.rules import Rules
from podium.router.state import RouterState
from podium.router.tasks import decide

from .activities import begin, submission, undo
from .ending import deadline_of, ending_of, failure
from .line import arrange, set_order
from .plan import StepPlan
from .results import settle
from .runs import Completed, Ending, Run, Skipped
from .synthesis import synthesise
from .values import NoValue, check_fit, elements, holds, output_of

RUN: Final = "!"
"""Begins the names of runs' timers; no task's or agent's name begins with it."""

SELF: Final = "router"
"""Who does what a run's rules demand, whoever's report led to it."""

AT_ONCE: Final = 64
"""How many steps one look at a run begins, passes over or stops, and how many of their tasks: other runs get theirs in
between, and what follows from a report fits into one commit with it.
"""

FOLLOWING: Final = 200
"""So many events, and those of one look more, are committed with the report that they follow from."""

MOST_FOLLOWING: Final = 600
"""And so many are they together at the most."""


class Engine:
    """The rules of runs over a router's state."""

    def __init__(self, state: RouterState, now: float, rules: Rules) -> None:
        self._state = state
        self._flows = state.flows
        self._now = now
        self._rules = rules

    def advance(self) -> Iterator[Emit]:
        """All that is due at once."""
        flows = self._flows
        while flows.busy:
            for child in list(flows.children.orphans):
                yield from self._abandon(child)
            for child in list(flows.children.unsubmitted):
                yield from self._submit(child)
            for name in list(flows.pending):
                flows.pending.pop(name, None)
                run = flows.runs.get(name)
                if run is not None:
                    yield from self._advance(run)
                self._set_timer(name)

    def follow(self, others: int) -> Iterator[Emit]:
        """What follows from a report for its run, and for those that this one is a child of, to be committed with it.

        What would be too much for one commit is for `advance`.

        Args:
            others: how many runs something was to do in before the report; they come first in `pending`.
        """
        flows, count = self._flows, 0
        while len(flows.pending) > others and count < FOLLOWING:
            name, _ = flows.pending.popitem()
            run = flows.runs.get(name)
            for emit in () if run is None else self._advance(run):
                count += 1
                yield emit
            self._set_timer(name)
            if name in flows.pending:
                return

    def overdue(self, name: str) -> None:
        """A time has come for a run."""
        run = self._flows.runs.get(name)
        if run is not None:
            run.changed.update({step: None for step, until in run.times.items() if until <= self._now})
            self._flows.pending[name] = None
        self._state.index.timers.set(RUN + name, None)

    def _set_timer(self, name: str) -> None:
        run = self._flows.runs.get(name)
        times = [] if run is None else list(run.times.values())
        if run is not None and (deadline := deadline_of(run)) is not None:
            times.append(deadline)
        self._state.index.timers.set(RUN + name, min((t for t in times if t > self._now), default=None))

    # Tasks and child runs

    def _abandon(self, child: str) -> Iterator[Emit]:
        """Nobody needs it any more."""
        flows, book = self._flows, self._state.book
        flows.children.orphans.pop(child, None)
        link = flows.children.links.get(child)
        if link is None:
            return
        if child in flows.runs:
            yield self._of(flows.runs[child], WorkflowCancelled(f"{link.run} does not need it any more"))
            return
        task = book.tasks.get(child)
        if task is None:
            flows.children.links.pop(child, None)
            flows.children.unsubmitted.pop(child, None)
            return
        reason = CancelTask(f"{link.run} does not need it any more")
        decided = decide(child, task, reason, SELF, self._now, self._rules)
        yield from decided if isinstance(decided, list) else [Emit(child, TaskCancelled(reason.reason))]

    def _submit(self, child: str) -> Iterator[Emit]:
        """A step has begun it, and it is not there: so it was before a crash, or in this very moment."""
        flows = self._flows
        link = flows.children.links.get(child)
        run = None if link is None else flows.runs.get(link.run)
        if link is None or run is None:
            flows.children.unsubmitted.pop(child, None)
            return
        try:
            begun = submission(flows, run, link)
        except NoValue as none:
            # It had a value when it began: the rules have changed since.
            flows.children.unsubmitted.pop(child, None)
            yield self._of(run, failure(run, self._now, link.step, none.code, str(none)))
            return
        yield Emit(child, begun, actor=run.facts.principal, parent=run.id)

    # One run

    def _advance(self, run: Run) -> Iterator[Emit]:
        if (ending := ending_of(run, self._now)) is not None:
            yield from self._end(run, ending)
            return
        yield from self._heed(run)
        if run.changed or run.facts.ending is not None:
            self._flows.pending[run.id] = None
        elif not run.facts.paused:
            yield from self._go_on(run)

    def _heed(self, run: Run) -> Iterator[Emit]:
        """What has come back to steps that are active."""
        for name in list(islice(run.changed, AT_ONCE)):
            run.changed.pop(name, None)
            if name in run.facts.active:
                yield from self._events(run, settle(self._state, run, run.plan.steps[name], self._now))
                if run.facts.ending is not None:
                    break
        yield from self._abandon_some()

    def _go_on(self, run: Run) -> Iterator[Emit]:
        """What may begin begins, as far as agents may soon have it."""
        facts = run.facts
        if not run.is_ordered:
            set_order(self._state, run)
        count = 0
        while run.todo and count < AT_ONCE:
            step = run.plan.steps[run.todo.popleft()]
            count += 1
            if step.id not in facts.done and step.id not in facts.active:
                yield from self._look_at(run, step)
                if facts.ending is not None:
                    return
        for lane in list(run.lanes):
            while count < AT_ONCE and (best := self._next_of(run, lane)) is not None:
                count += 1
                yield from self._begin(run, best)
                arrange(self._state.index.queue, run.waiting.get(lane, {}))
                if facts.ending is not None:
                    return
        if run.todo or count >= AT_ONCE:
            self._flows.pending[run.id] = None
        elif run.is_over:
            yield from self._complete(run)

    def _next_of(self, run: Run, lane: str) -> StepPlan | None:
        """The best step of a lane, if none of its tasks waits for an agent that is as good."""
        waiting, best = run.waiting.get(lane), run.best(lane)
        if best is None or not waiting:
            return best
        return best if run.ranks[best.id] > max(waiting.values()) else None

    def _look_at(self, run: Run, step: StepPlan) -> Iterator[Emit]:
        """All that the step waits for is done: it is skipped, waits for something else, or may begin."""
        facts, now = run.facts, self._now
        taken = facts.taken.get(step.id)
        if isinstance(taken, Completed):
            yield self._of(run, StepCompleted(step.id, Raw(taken.output), source="rerun"))
            return
        if step.needed and all(isinstance(facts.done.get(other), Skipped) for other in step.needed):
            yield self._of(run, StepSkipped(step.id, "dependencies"))
            return
        try:
            if step.when is not None and not holds(run, step):
                yield self._of(run, StepSkipped(step.id, "condition"))
                return
            until = None if step.step.timeout is None else now + step.step.timeout
            match step.step.action:
                case "wait_for" | "approve":
                    yield self._of(run, StepStarted(step.id, until=until))
                case "synthesis":
                    yield self._of(run, StepCompleted(step.id, Raw(synthesise(run, step, now))))
                case "task" | "workflow":
                    if step.for_each is not None:
                        count = len(elements(run, step))
                        until = until if step.step.action == "workflow" else None
                        yield self._of(run, StepStarted(step.id, items=count, until=until))
                    else:
                        run.offer(step)
        except NoValue as none:
            yield self._of(run, failure(run, self._now, step.id, none.code, str(none)))

    def _begin(self, run: Run, step: StepPlan) -> Iterator[Emit]:
        """The next task or child run of a step that has its turn."""
        active = run.facts.active.get(step.id)
        if active is None or active.items is None:
            run.take(step.lane)
        else:
            most = step.step.concurrency or active.items
            if active.next + 1 >= active.items or len(active.open) + 1 >= most:
                run.take(step.lane)
        begun = begin(self._state, run, step, self._now, self._rules)
        yield from self._events(run, begun)

    def _events(self, run: Run, events: Iterator[WorkflowEvent] | list[WorkflowEvent]) -> Iterator[Emit]:
        """The events of a run, and behind each that begins a task or child run, that."""
        for event in events:
            yield self._of(run, event)
            child = (event.task or event.run) if isinstance(event, StepStarted | StepContinued) else None
            if child is not None:
                yield from self._submit(child)

    def _abandon_some(self) -> Iterator[Emit]:
        """Of what nobody needs any more; the rest is for the next look."""
        for orphan in list(islice(self._flows.children.orphans, AT_ONCE)):
            yield from self._abandon(orphan)

    # The end

    def _complete(self, run: Run) -> Iterator[Emit]:
        facts = run.facts
        try:
            output = output_of(run)
            schema = run.plan.definition.output_schema
            check_fit(output, schema, "output", self._rules)
        except NoValue as none:
            yield from self._end(run, Ending(none.code, str(none)))
            return
        yield self._of(run, WorkflowCompleted(Raw(output), max(0.0, self._now - facts.started)))

    def _end(self, run: Run, ending: Ending) -> Iterator[Emit]:
        """The run fails: what has begun is stopped, what was done is undone, the last first."""
        facts = run.facts
        for name in list(islice(facts.active, AT_ONCE)):
            yield from self._events(run, [failure(run, self._now, name, "stopped", "the run has failed", goes_on=True)])
        yield from self._abandon_some()
        if facts.active:
            self._flows.pending[run.id] = None
            return
        for step in list(reversed(facts.undo))[:AT_ONCE]:
            if facts.undoing is None:
                yield from self._events(run, [undo(self._state, run, step)])
        if facts.undoing is not None:
            return
        if facts.undo:
            self._flows.pending[run.id] = None
            return
        duration = max(0.0, self._now - facts.started)
        yield self._of(run, WorkflowFailed(ending.code, ending.message, duration, ending.step, list(facts.undone)))

    def _of(self, run: Run, event: WorkflowEvent) -> Emit:
        return Emit(run.id, event, actor=SELF)
