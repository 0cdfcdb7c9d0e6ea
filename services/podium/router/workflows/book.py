"""What the router folds of workflows: definitions, runs, what their tasks are for, and results to be used again."""

from __future__ import annotations

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

from .cache import Cache
from .children import OWN_WORK, Children
from .closed import Closed, ClosedRuns
from .keys import cache_key, digest_of_start
from .plan import Plan
from .runs import Completed, Facts, Failed, Link, Result, Run, Skipped
from .steps import fold_step, undone
from .versions import Version, Versions


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
        versions: of definitions, those that are needed.
        runs: the open ones.
        closed: runs that are over.
        children: tasks and child runs of steps.
        pending: runs in which something may be to do.
        cache: outputs that may be used again.
    """

    def __init__(self) -> None:
        self.versions = Versions()
        self.runs: dict[str, Run] = {}
        self.closed = ClosedRuns()
        self.children = Children()
        self.pending: dict[str, None] = {}
        self.cache = Cache()

    @property
    def busy(self) -> bool:
        """Whether something may be to do at once."""
        return bool(self.pending) or self.children.busy

    # Events of workflows

    def fold(self, entity: str, event: AnyWorkflowEvent, actor: str, at: float) -> None:
        if isinstance(event, WorkflowDefined):
            self.versions.add(entity, Version(event.version, event.hash, bytes(event.definition)))
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
                plan = self.versions.plan(facts.workflow, event.version)
                if plan is not None:
                    before, facts.version = facts.version, event.version
                    run.follow(plan)
                    self._forget_versions(facts.workflow, before)
            case WorkflowCompleted() | WorkflowFailed() | WorkflowCancelled():
                self._close(run, event, at)
            case _:
                fold_step(self.children, run, event, actor, at)

    def _start(self, entity: str, event: WorkflowStarted, actor: str, at: float) -> None:
        self.children.unsubmitted.pop(entity, None)
        plan = self.versions.plan(event.workflow, event.version)
        if plan is None or entity in self.runs:
            return
        link = self.children.links.get(entity)
        priority = plan.definition.priority if event.priority is None else event.priority
        facts = Facts(
            entity, event.workflow, event.version, actor, digest_of_start(event), at, bytes(event.input), priority,
            depth=event.depth, parent=link, rerun=event.rerun,
        )  # fmt: skip
        before = self.closed.whole.get(event.rerun) if event.rerun is not None else None
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

    # Events of tasks

    def fold_task(self, task: str, event: TaskEvent, at: float) -> None:
        """An event of a task that is in `links`."""
        link = self.children.links[task]
        match event:
            case TaskSubmitted():
                self.children.unsubmitted.pop(task, None)
                run = self.runs.get(link.run)
                if run is not None and run.plan.steps[link.step].step.cache is not None and link.purpose in OWN_WORK:
                    key = cache_key(event.kind, event.skills, event.constraints.agents, bytes(event.input))
                    self.children.links[task] = replace(link, cache_key=key)
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
        self.children.gone(child)
        run = self.runs.get(link.run)
        if run is None:
            return
        if waited:
            self._out_of_line(child, link)
        self.pending[link.run] = None
        facts = run.facts
        if link.purpose == "compensation":
            undone(facts, link.step)
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
            self.cache.remember(link.cache_key, result.output, at)

    # The end of a run

    def _close(self, run: Run, event: WorkflowCompleted | WorkflowFailed | WorkflowCancelled, at: float) -> None:
        facts = run.facts
        del self.runs[run.id]
        self.children.drop_all(run)
        phase = str(event.__struct_config__.tag).removeprefix("workflow_")
        facts.active = {}
        self.closed.add(facts, phase)
        self._forget_versions(facts.workflow, facts.version)
        link = self.children.links.get(run.id)
        if link is not None:
            match event:
                case WorkflowCompleted():
                    self._returned(run.id, link, Completed(bytes(event.output)), at)
                case WorkflowFailed():
                    self._returned(run.id, link, Failed(event.code, event.message), at)
                case WorkflowCancelled():
                    self._returned(run.id, link, Failed("cancelled", "its run was cancelled"), at)

    def _forget_versions(self, workflow: str, number: int | None = None) -> None:
        """Runs of a version may have been the last ones that had it."""
        if any(number is None or version.number == number for version in self.versions.spare(workflow)):
            used = {run.facts.version for run in self.runs.values() if run.facts.workflow == workflow}
            self.versions.forget(workflow, used)

    # Dumps

    def dump(self) -> Dump:
        """Equal states give equal dumps."""
        return Dump(
            definitions=list(self.versions.kept.items()),
            runs=[run.facts for run in self.runs.values()],
            whole=list(self.closed.whole.values()),
            closed=list(self.closed.ends.items()),
            links=list(self.children.links.items()),
            unsubmitted=list(self.children.unsubmitted),
            orphans=list(self.children.orphans),
            cache=self.cache.dump(),
        )

    @staticmethod
    def load(dump: Dump) -> Flows:
        flows = Flows()
        flows.versions = Versions(dict(dump.definitions))
        flows.closed = ClosedRuns(dump.closed, dump.whole)
        flows.children.links = dict(dump.links)
        flows.children.unsubmitted = dict.fromkeys(dump.unsubmitted)
        flows.children.orphans = dict.fromkeys(dump.orphans)
        flows.cache = Cache(dump.cache)
        for facts in dump.runs:
            plan = flows.versions.plan(facts.workflow, facts.version)
            if plan is None:
                raise msgspec.ValidationError(f"there is no version {facts.version} of {facts.workflow}")
            flows.runs[facts.id] = Run(facts, plan)
            flows.pending[facts.id] = None
        return flows
