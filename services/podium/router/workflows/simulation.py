"""A run on a virtual clock: the real rules, agents that take as long as the definition says, no waiting.

Whatever a definition waits for comes: approvals from the first who may give them, signals with null. An output is the
least that fits its schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.definitions import Definition, to_json
from podium.contracts.definitions.wfformat import RUNTIME
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import CompleteTask, TaskAssigned, TaskSubmitted
from podium.contracts.workflows import (
    RUN_CLOSING,
    ApproveStep,
    DefineWorkflow,
    SignalWorkflow,
    StartWorkflow,
    StepCompleted,
    StepFailed,
    StepSkipped,
    WorkflowCompleted,
    WorkflowFailed,
)
from podium.kernel.decider import Emit, Request
from podium.router.service import Router
from podium.router.settings import RouterSettings

from .floor import floor
from .plan import GUESSED_SECONDS
from .sample import least

EPOCH: Final = 1_000_000_000.0
RUN: Final = "simulated"
MOST_EVENTS: Final = 50_000_000


class Report(Struct, frozen=True, omit_defaults=True):
    """What came of a simulated run; all times are seconds.

    Attributes:
        bound: the critical path, or all work shared evenly among the slots, whichever is longer.
        floor: no schedule of whole tasks can be shorter, and often the bound cannot be reached.
        ratio: makespan / bound.
        violations: steps that began before all that they depend on was done, or tasks beyond the slots, in words.
    """

    workflow: str
    steps: int
    tasks: int
    slots: int
    completed: bool
    makespan: float
    critical_path: float
    work: float
    bound: float
    floor: float
    ratio: float
    events: int
    violations: list[str]
    failure: str | None = None


class NotPossible(Exception):
    """The rules refuse what was to be simulated."""


class Simulation:
    """One run with so many agents of one slot each."""

    def __init__(self, definition: Definition, slots: int, input: Any = None) -> None:
        settings = RouterSettings(start_timeout=None, finish_timeout=None, queue_interval=None)
        self._definition = definition
        self._slots = slots
        self._router = Router(settings)
        self._state = self._router.initial()
        self._now = EPOCH
        self._events = 0
        self._ends: list[tuple[float, str, str, int]] = []
        self._specs: dict[str, TaskSubmitted] = {}
        self._step_of: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._spent: dict[str, float] = {}
        self._rounds: dict[str, float] = {}
        self._closing: Any = None
        self._violations: list[str] = []
        self._steps = {step.id: step for step in definition.tasks}
        for number in range(slots):
            skills = {skill: 1.0 for step in definition.tasks for skill in _skills(step)}
            profile = AgentProfile(skills=skills, slots=1)
            self._router.observe(self._state, f"slot-{number + 1}", AgentRegistered(profile), self._now)
        self._input = msgspec.json.encode(least(definition.input_schema) if input is None else input)

    def run(self) -> Report:
        """Raises: NotPossible"""
        definition = self._definition
        self._ask("ops", definition.id, DefineWorkflow(Raw(to_json(definition))))
        self._ask("ops", RUN, StartWorkflow(definition.id, input=Raw(self._input)))
        while self._closing is None and self._events < MOST_EVENTS:
            due = self._router.due(self._state)
            if self._ends and (due is None or self._ends[0][0] <= due):
                self._next_end()
            elif due is not None:
                self._now = max(self._now, due)
                self._take(self._router.react(self._state, self._now))
            elif not self._give_what_is_waited_for():
                break
        return self._report()

    def _next_end(self) -> None:
        at, task, agent, attempt = heappop(self._ends)
        self._now = max(self._now, at)
        step = self._steps[self._step_of[task]]
        output = Raw(msgspec.json.encode(least(step.output_schema)))
        self._ask(agent, task, CompleteTask(attempt, output))

    def _ask(self, by: str, entity: str, command: Struct) -> None:
        decided = self._router.decide(self._state, Request(by, entity, command), self._now)
        if isinstance(decided, Refused):
            raise NotPossible(decided.message)
        self._take(decided)
        self._take(self._router.react(self._state, self._now))

    def _take(self, emits: Iterable[Emit]) -> None:
        for emit in emits:
            self._events += 1
            self._router.evolve(self._state, emit.entity, emit.event, emit.actor or "ops", self._now)
            self._follow(emit)

    def _follow(self, emit: Emit) -> None:
        match emit.event:
            case TaskSubmitted() as event:
                self._specs[emit.entity] = event
                self._step_of[emit.entity] = str(event.metadata.get("step"))
            case TaskAssigned() as event:
                self._assigned(emit.entity, event)
            case StepCompleted() | StepFailed() | StepSkipped() as event if emit.entity == RUN:
                self._ended[event.step] = self._now
            case event if emit.entity == RUN and isinstance(event, RUN_CLOSING):
                self._closing = event
            case _:
                pass

    def _assigned(self, task: str, event: TaskAssigned) -> None:
        name = self._step_of[task]
        step = self._steps.get(name)
        seconds = _seconds(step)
        self._spent[name] = self._spent.get(name, 0.0) + seconds
        longest = self._rounds.get(name, 0.0)
        self._rounds[name] = longest + seconds if step is not None and step.is_loop else max(longest, seconds)
        if name not in self._began:
            self._began[name] = self._now
            for other in self._state.flows.runs[RUN].plan.needed.get(name, ()) if step is not None else ():
                if other not in self._ended and not self._state.flows.runs[RUN].plan.steps[name].is_first:
                    self._violations.append(f"{name} began before {other} was done")
        heappush(self._ends, (self._now + seconds, task, event.agent, event.attempt))
        if len(self._ends) > self._slots:
            self._violations.append(f"{len(self._ends)} tasks were under way at {self._now - EPOCH:g} s")

    def _give_what_is_waited_for(self) -> bool:
        """Approve, or signal, the first step that waits for it; whether there was one."""
        for name, run in list(self._state.flows.runs.items()):
            for step, active in run.facts.active.items():
                found = run.plan.steps[step].step
                if found.wait_for is not None:
                    self._ask("ops", name, SignalWorkflow(found.wait_for))
                    return True
                if found.approve is not None:
                    roles = run.plan.definition.roles
                    people = [p for role in found.approve.roles for p in roles[role]]
                    by = next(p for p in people if p not in {who for who, _ in active.approved})
                    self._ask(by, name, ApproveStep(step))
                    return True
        return False

    def _report(self) -> Report:
        order = self._order()
        longest: dict[str, float] = {}
        for name, needed in order:
            longest[name] = self._rounds.get(name, 0.0) + max(
                (longest.get(other, 0.0) for other in needed), default=0.0
            )
        critical, work = max(longest.values(), default=0.0), sum(self._spent.values())
        bound, makespan = max(critical, work / self._slots), self._now - EPOCH
        failure = None
        if isinstance(self._closing, WorkflowFailed):
            failure = f"{self._closing.step or 'the run'}: {self._closing.code}: {self._closing.message}"
        elif self._closing is None:
            failure = "it stands still"
        return Report(
            workflow=self._definition.id,
            steps=len(self._definition.tasks),
            tasks=len(self._specs),
            slots=self._slots,
            completed=isinstance(self._closing, WorkflowCompleted),
            makespan=round(makespan, 6),
            critical_path=round(critical, 6),
            work=round(work, 6),
            bound=round(bound, 6),
            floor=round(max(bound, self._floor()), 6),
            ratio=round(makespan / bound, 6) if bound else 1.0,
            events=self._events,
            violations=self._violations,
            failure=failure,
        )

    def _floor(self) -> float:
        """Only where each step is one task: of others the shortest way is not known."""
        order = self._order()
        if any(step.for_each or step.is_loop for step in self._definition.tasks):
            return 0.0
        seconds = {name: self._spent.get(name, 0.0) for name, _ in order}
        return floor(dict(order), [name for name, _ in order], seconds, self._slots)

    def _order(self) -> list[tuple[str, tuple[str, ...]]]:
        plan = self._state.flows.versions.plan(self._definition.id, 1)
        return [] if plan is None else [(name, plan.needed[name]) for name in plan.order]


def _skills(step: Any) -> list[str]:
    others = [work.skills for work in (step.fallback, step.compensate) if work is not None]
    return [*step.skills, *(skill for skills in others for skill in skills)]


def _seconds(step: Any) -> float:
    if step is None:
        return GUESSED_SECONDS
    recorded = step.metadata.get(RUNTIME)
    if isinstance(recorded, int | float) and not isinstance(recorded, bool):
        return float(recorded)
    return float(step.estimated_duration or GUESSED_SECONDS)
