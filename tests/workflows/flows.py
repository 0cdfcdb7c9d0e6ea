"""A router with workflows and agents that do at once, or when asked, what they are given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from podium.contracts.outcomes import Refused
from podium.contracts.tasks import TaskAssigned
from podium.contracts.workflows import (
    RUN_CLOSING,
    StepCompleted,
    StepFailed,
    StepSkipped,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowFailed,
)
from tests.rules.scenario import RouterScenario, command

Work = Callable[[dict[str, Any]], Any]


class Broken(Exception):
    """An agent cannot do it."""


class Flow(RouterScenario):
    """A router whose one agent does everything, `slots` at a time, by `work`: from a task's facts to its output.

    With a `process` it begins at once what its reports lead to.
    """

    def __init__(self, work: Work | None = None, slots: int = 4, process: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.work: Work = work or _echo
        self.slots = slots
        self.process = process
        self._assigned: dict[str, TaskAssigned] = {}
        self._looked = 0
        self.enter()
        self.reacts()

    def enter(self) -> None:
        """The agent is registered; with heartbeats, if it is to begin anything at once, but it is never missed."""
        heartbeat = None if self.process is None else 3600.0
        self.agent("worker", skills={"any": 1.0, "other": 1.0}, slots=self.slots, heartbeat=heartbeat)

    def define(self, *steps: dict[str, Any], id: str = "w", **definition: Any) -> Any:
        steps = tuple({"skills": ["any"], **step} if _is_work(step) else step for step in steps)
        return self.when(command("define_workflow", definition={"id": id, "tasks": steps, **definition}), entity=id)

    def start(self, run: str = "r", workflow: str = "w", **body: Any) -> Any:
        decided = self.when(command("start_workflow", workflow=workflow, **body), entity=run)
        self.reacts()
        return decided

    def ask(self, name: str, run: str = "r", by: str = "ops", **body: Any) -> Any:
        decided = self.when(command(name, **body), by=by, entity=run)
        self.reacts()
        return decided

    def rerun(self, run: str, before: str, **body: Any) -> Any:
        decided = self.when(command("rerun_workflow", run=before, **body), entity=run)
        self.reacts()
        return decided

    def held(self) -> list[str]:
        """What agents have in hand, by task."""
        return [*self._in_hand()]

    def _in_hand(self) -> Iterator[str]:
        return (task for hands in self.state.book.hands.values() for task in hands.tasks)

    def do(self, task: str) -> None:
        """The agent does one task."""
        assigned = self.assignments()[task]
        step = self.state.flows.children.links[task].step if task in self.state.flows.children.links else None
        facts = {"input": json.loads(bytes(assigned.input)), "kind": assigned.kind, "step": step, "task": task}
        report: dict[str, Any] = {"attempt": assigned.attempt}
        try:
            report["output"] = self.work(facts)
            name, report["process"] = "complete_task", self.process
        except Broken as broken:
            name, report["code"], report["retryable"] = "fail_task", str(broken) or "broken", False
        decided = self.when(command(name, **report), by=assigned.agent, entity=task)
        assert not isinstance(decided, Refused), decided
        self.reacts()

    def finish(self) -> None:
        """All that agents get they do, the oldest first."""
        while (task := next(self._in_hand(), None)) is not None:
            self.do(task)
        assert not self.state.flows.busy

    def assignments(self) -> dict[str, TaskAssigned]:
        """The latest of each task. What was looked at is not looked at again: there may be thousands."""
        looked = self._looked
        if looked > len(self.events):
            looked, self._assigned = 0, {}
        for _, _, emit in self.events[looked:]:
            if isinstance(emit.event, TaskAssigned):
                self._assigned[emit.entity] = emit.event
        self._looked = len(self.events)
        return self._assigned

    # What came of it

    def of_run(self, run: str = "r") -> list[Any]:
        return [
            emit.event for _, _, emit in self.events if emit.entity == run and isinstance(emit.event, WorkflowEvent)
        ]

    def ended(self, run: str = "r") -> Any:
        """The event that closed the run; there is exactly one."""
        (closing,) = (event for event in self.of_run(run) if isinstance(event, RUN_CLOSING))
        return closing

    def output(self, run: str = "r") -> Any:
        ended = self.ended(run)
        assert isinstance(ended, WorkflowCompleted), ended
        return json.loads(bytes(ended.output))

    def failure(self, run: str = "r") -> WorkflowFailed:
        ended = self.ended(run)
        assert isinstance(ended, WorkflowFailed), ended
        return ended

    def done(self, run: str = "r") -> dict[str, str]:
        """Step → completed, failed or skipped."""
        kinds: dict[Any, str] = {StepCompleted: "completed", StepFailed: "failed", StepSkipped: "skipped"}
        return {event.step: kinds[type(event)] for event in self.of_run(run) if type(event) in kinds}

    def order(self) -> list[str]:
        """The steps in the order in which agents got their tasks."""
        return [emit.event.kind for _, _, emit in self.events if isinstance(emit.event, TaskAssigned)]


def _echo(task: dict[str, Any]) -> Any:
    return task["input"]


def _is_work(step: dict[str, Any]) -> bool:
    return not step.keys() & {"workflow", "wait_for", "approve", "synthesis", "skills"}


def after(*steps: str) -> dict[str, Any]:
    return {"dependencies": list(steps)}


def fails(*kinds: str) -> Work:
    """Work that fails for these kinds, and otherwise gives the kind."""

    def work(task: dict[str, Any]) -> Any:
        if task["kind"] in kinds:
            raise Broken("no_luck")
        return task["kind"]

    return work
