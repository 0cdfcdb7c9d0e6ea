"""What the router folds of workflows: definitions, runs, what their tasks are for, and results to be used again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.tasks import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskSubmitted,
)
from podium.contracts.workflows import (
    AnyWorkflowEvent,
    Purpose,
    StepApproved,
    StepCompleted,
    StepContinued,
    StepFailed,
    StepRejected,
    StepSkipped,
    StepStarted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowDefined,
    WorkflowFailed,
    WorkflowMigrated,
    WorkflowPaused,
    WorkflowResumed,
    WorkflowSignalled,
    WorkflowStarted,
)

from .keys import cache_key, digest_of_start
from .plan import Plan, Plans
from .runs import Active, Completed, Ending, Facts, Failed, Link, Result, Run, Skipped

CACHED: Final = 10_000
"""Results that are kept to be used again; the oldest goes first."""

CLOSED_STEPS: Final = 200_000
"""How many steps all closed runs may have that are kept whole, so that they can be repeated from a step."""

OWN_WORK: Final = ("work", "element", "round")
"""Purposes for which a step's own work is done."""

VERSIONS_KEPT: Final = 20
"""Of each definition; older ones go when no open run has them."""

NAMES_KEPT: Final = 100_000
"""Closed runs whose names are known."""


class Version(Struct, frozen=True, array_like=True):
    number: int
    hash: str
    definition: bytes


class Closed(Struct, frozen=True, array_like=True):
    """A run that is over."""

    digest: bytes
    phase: str


class Dump(Struct, frozen=True, array_like=True):
    definitions: list[tuple[str, list[Version]]]
    runs: list[Facts]
    whole: list[Facts]
    closed: list[tuple[str, Closed]]
    links: list[tuple[str, Link]]
    unsubmitted: list[str]
    orphans: list[str]
    cache: list[tuple[bytes, bytes, float]]


class Flows:
    """Changed by `fold` and `fold_task` alone, but for `pending`, which anyone may add to.

    Attributes:
        definitions: workflow → its versions that are needed, the newest last.
        runs: the open ones.
        whole: closed runs that can be repeated, the oldest first.
        closed: how runs ended, the oldest first.
        links: open task or child run of a step → what it is for.
        unsubmitted: tasks and child runs that a step has begun and that are not there yet.
        orphans: tasks and child runs that nobody needs any more.
        pending: runs in which something may be to do.
        cache: digest of work and input → its output, and when that was, seconds since the epoch.
    """

    def __init__(self) -> None:
        self.plans = Plans()
        self.definitions: dict[str, list[Version]] = {}
        self.runs: dict[str, Run] = {}
        self.whole: OrderedDict[str, Facts] = OrderedDict()
        self.closed: OrderedDict[str, Closed] = OrderedDict()
        self.links: dict[str, Link] = {}
        self.unsubmitted: dict[str, None] = {}
        self.orphans: dict[str, None] = {}
        self.pending: dict[str, None] = {}
        self.cache: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._whole_steps = 0

    @property
    def busy(self) -> bool:
        """Whether something may be to do at once."""
        return bool(self.pending or self.orphans or self.unsubmitted)

    def newest(self, workflow: str) -> Version | None:
        versions = self.definitions.get(workflow)
        return versions[-1] if versions else None

    def plan(self, workflow: str, number: int) -> Plan | None:
        for version in self.definitions.get(workflow, ()):
            if version.number == number:
                return self.plans.make(workflow, number, version.definition)
        return None

    # Events of workflows

    def fold(self, entity: str, event: AnyWorkflowEvent, actor: str, at: float) -> None:
        if isinstance(event, WorkflowDefined):
            version = Version(event.version, event.hash, bytes(event.definition))
            self.definitions.setdefault(entity, []).append(version)
            self._forget_versions(entity)
            return
        if isinstance(event, WorkflowStarted):
            self._start(entity, event, actor, at)
            return
        run = self.runs.get(entity)
        if run is None:
            return
        self.pending[entity] = None
        facts = run.facts
        match event:
            case WorkflowPaused():
                facts.paused = True
            case WorkflowResumed():
                facts.paused = False
            case WorkflowSignalled():
                facts.signals.setdefault(event.signal, []).append(bytes(event.payload))
                run.changed.update(dict.fromkeys(facts.active))
            case WorkflowMigrated():
                plan = self.plan(facts.workflow, event.version)
                if plan is not None:
                    before, facts.version = facts.version, event.version
                    run.follow(plan)
                    self._forget_versions(facts.workflow, before)
            case WorkflowCompleted() | WorkflowFailed() | WorkflowCancelled():
                self._close(run, event, at)
            case StepStarted():
                self._step_started(run, event, at)
            case StepContinued():
                self._step_continued(run, event)
            case StepApproved():
                facts.active[event.step].approved.append((actor, event.comment))
                run.changed[event.step] = None
            case StepRejected():
                facts.active[event.step].rejected = (actor, event.comment)
                run.changed[event.step] = None
            case StepCompleted():
                self._step_completed(run, event)
            case StepFailed():
                self._drop(run, event.step)
                if not event.goes_on and facts.ending is None:
                    facts.ending = Ending(event.code, event.message, event.step)
                run.finish(event.step, Failed(event.code, event.message))
            case StepSkipped():
                run.finish(event.step, Skipped())

    def _start(self, entity: str, event: WorkflowStarted, actor: str, at: float) -> None:
        self.unsubmitted.pop(entity, None)
        plan = self.plan(event.workflow, event.version)
        if plan is None or entity in self.runs:
            return
        link = self.links.get(entity)
        priority = plan.definition.priority if event.priority is None else event.priority
        facts = Facts(
            entity, event.workflow, event.version, actor, digest_of_start(event), at, bytes(event.input), priority,
            depth=event.depth, parent=link, rerun=event.rerun,
        )  # fmt: skip
        before = self.whole.get(event.rerun) if event.rerun is not None else None
        if before is not None:
            facts.due = before.due
            again = self._again(plan, before, event.again)
            facts.taken = {name: done for name, done in before.done.items() if name in plan.steps and name not in again}
        self.runs[entity] = Run(facts, plan)
        self.pending[entity] = None

    @staticmethod
    def _again(plan: Plan, before: Facts, step: str | None) -> set[str]:
        """What a run that repeats another one does anew."""
        undone = set(before.undone)
        failed = {
            name for name in plan.steps if name in undone or not isinstance(before.done.get(name), Completed | Skipped)
        }
        return plan.following(failed if step is None else failed | {step})

    def _step_started(self, run: Run, event: StepStarted, at: float) -> None:
        facts = run.facts
        active = facts.active[event.step] = Active(at, items=event.items, until=event.until)
        if event.until is not None:
            run.times[event.step] = event.until
        child = event.task or event.run
        if child is not None:
            self._begin(run, event.step, "work", 0, child, active)
        else:
            run.changed[event.step] = None

    def _step_continued(self, run: Run, event: StepContinued) -> None:
        facts = run.facts
        child = event.task or event.run
        if event.purpose == "compensation":
            facts.undoing = event.step
            if child is not None:
                self._begin(run, event.step, event.purpose, event.index, child, None)
            else:
                self._undone(facts, event.step)
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
            self._begin(run, event.step, event.purpose, event.index, child, active)
        else:
            # It counts as a task: a limit must end what would go on for ever.
            facts.tasks += 1
            active.next = max(active.next, event.index + 1)
            active.results[event.index] = Completed(bytes(event.output))
            run.changed[event.step] = None

    def _begin(self, run: Run, step: str, purpose: Purpose, index: int, child: str, active: Active | None) -> None:
        plan = run.plan.steps[step]
        work = {"fallback": plan.fallback, "compensation": plan.undo}.get(purpose, plan.work)
        lane = plan.lane if purpose in OWN_WORK else f"+{step}"
        self.links[child] = Link(run.id, step, purpose, index, lane)
        self.unsubmitted[child] = None
        run.facts.tasks += 1
        if work is not None and plan.step.action == "task":
            run.waiting.setdefault(lane, {})[child] = plan.rank
        if active is not None:
            active.open[index] = child
            active.next = max(active.next, index + 1)

    def _step_completed(self, run: Run, event: StepCompleted) -> None:
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
        self._drop(run, name)
        if plan.undo is not None and event.source != "rerun":
            facts.undo.append(name)
        run.finish(name, Completed(output))

    def _drop(self, run: Run, step: str) -> None:
        """What the step has still open is not needed any more."""
        active = run.facts.active.get(step)
        for child in () if active is None else list(active.open.values()):
            self.orphans[child] = None

    # Events of tasks

    def fold_task(self, task: str, event: TaskEvent, at: float) -> None:
        """An event of a task that is in `links`."""
        link = self.links[task]
        match event:
            case TaskSubmitted():
                self.unsubmitted.pop(task, None)
                run = self.runs.get(link.run)
                if run is not None and run.plan.steps[link.step].step.cache is not None and link.purpose in OWN_WORK:
                    key = cache_key(event.kind, event.skills, event.constraints.agents, bytes(event.input))
                    self.links[task] = replace(link, cache_key=key)
            case TaskAssigned():
                if event.attempt == 1:
                    self._out_of_line(task, link)
            case TaskCompleted():
                self._returned(task, link, Completed(bytes(event.output)), at)
            case TaskFailed():
                self._returned(task, link, Failed(event.code, event.message), at, waited=event.attempts == 0)
            case TaskCancelled():
                message = (
                    "its task was cancelled" if event.reason is None else f"its task was cancelled: {event.reason}"
                )
                waited = event.attempt is None
                self._returned(task, link, Failed("cancelled", message), at, waited=waited)
            case _:
                pass

    def _out_of_line(self, task: str, link: Link) -> None:
        """The task waits for an agent no more."""
        run = self.runs.get(link.run)
        waiting = None if run is None else run.waiting.get(link.lane)
        if run is not None and waiting is not None and waiting.pop(task, None) is not None:
            if not waiting:
                del run.waiting[link.lane]
            self.pending[link.run] = None

    def _returned(self, child: str, link: Link, result: Result, at: float, *, waited: bool = False) -> None:
        """A task or child run of a step is over."""
        del self.links[child]
        self.orphans.pop(child, None)
        self.unsubmitted.pop(child, None)
        run = self.runs.get(link.run)
        if run is None:
            return
        if waited:
            self._out_of_line(child, link)
        self.pending[link.run] = None
        facts = run.facts
        if link.purpose == "compensation":
            self._undone(facts, link.step)
            if isinstance(result, Completed):
                facts.undone.append(link.step)
            return
        active = facts.active.get(link.step)
        if active is None or active.open.get(link.index) != child:
            return
        del active.open[link.index]
        if run.plan.steps[link.step].step.is_loop:
            active.results.clear()
        active.results[link.index] = result
        if isinstance(result, Failed):
            active.failed.append(link.index)
        run.changed[link.step] = None
        if link.cache_key is not None and isinstance(result, Completed):
            self.remember(link.cache_key, result.output, at)

    @staticmethod
    def _undone(facts: Facts, step: str) -> None:
        """Nothing more is done to undo the step."""
        facts.undoing = None
        if facts.undo and facts.undo[-1] == step:
            facts.undo.pop()

    def remember(self, key: bytes, output: bytes, at: float) -> None:
        """A result may be used again."""
        self.cache.pop(key, None)
        self.cache[key] = (output, at)
        if len(self.cache) > CACHED:
            self.cache.popitem(last=False)

    # The end of a run

    def _close(self, run: Run, event: WorkflowCompleted | WorkflowFailed | WorkflowCancelled, at: float) -> None:
        facts = run.facts
        del self.runs[run.id]
        for active in facts.active.values():
            self.orphans.update(dict.fromkeys(active.open.values()))
        if facts.undoing is not None:
            self.orphans.update({task: None for task, link in self.links.items() if link.run == run.id})
        phase = str(event.__struct_config__.tag).removeprefix("workflow_")
        self.closed[run.id] = Closed(facts.digest, phase)
        if len(self.closed) > NAMES_KEPT:
            self.closed.popitem(last=False)
        facts.active = {}
        self.whole[run.id] = facts
        self._whole_steps += len(facts.done)
        while self._whole_steps > CLOSED_STEPS and len(self.whole) > 1:
            _, oldest = self.whole.popitem(last=False)
            self._whole_steps -= len(oldest.done)
        self._forget_versions(facts.workflow, facts.version)
        link = self.links.get(run.id)
        if link is not None:
            match event:
                case WorkflowCompleted():
                    self._returned(run.id, link, Completed(bytes(event.output)), at)
                case WorkflowFailed():
                    self._returned(run.id, link, Failed(event.code, event.message), at)
                case WorkflowCancelled():
                    self._returned(run.id, link, Failed("cancelled", "its run was cancelled"), at)

    def _forget_versions(self, workflow: str, number: int | None = None) -> None:
        """A version that is not among the newest and that no open run has is not needed."""
        versions = self.definitions[workflow]
        candidates = [v for v in versions[:-VERSIONS_KEPT] if number is None or v.number == number]
        for version in candidates:
            used = any(r.facts.workflow == workflow and r.facts.version == version.number for r in self.runs.values())
            if not used:
                versions.remove(version)

    # Dumps

    def dump(self) -> Dump:
        """Equal states give equal dumps."""
        return Dump(
            definitions=list(self.definitions.items()),
            runs=[run.facts for run in self.runs.values()],
            whole=list(self.whole.values()),
            closed=list(self.closed.items()),
            links=list(self.links.items()),
            unsubmitted=list(self.unsubmitted),
            orphans=list(self.orphans),
            cache=[(key, output, at) for key, (output, at) in self.cache.items()],
        )

    @staticmethod
    def load(dump: Dump) -> Flows:
        flows = Flows()
        flows.definitions = dict(dump.definitions)
        flows.whole = OrderedDict((facts.id, facts) for facts in dump.whole)
        flows._whole_steps = sum(len(facts.done) for facts in dump.whole)
        flows.closed = OrderedDict(dump.closed)
        flows.links = dict(dump.links)
        flows.unsubmitted = dict.fromkeys(dump.unsubmitted)
        flows.orphans = dict.fromkeys(dump.orphans)
        flows.cache = OrderedDict((key, (output, at)) for key, output, at in dump.cache)
        for facts in dump.runs:
            plan = flows.plan(facts.workflow, facts.version)
            if plan is None:
                raise msgspec.ValidationError(f"there is no version {facts.version} of {facts.workflow}")
            flows.runs[facts.id] = Run(facts, plan)
            flows.pending[facts.id] = None
        return flows
