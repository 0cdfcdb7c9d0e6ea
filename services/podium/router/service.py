"""The router's rules as one decider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import cast, get_args

import msgspec
from msgspec import Struct

from podium.contracts.health import AgentLost, AgentRecovered, AgentSuspected
from podium.contracts.outcomes import Refused
from podium.contracts.phases import PhaseEnded, PhaseEvent, PhaseStarted, PhaseWithdrawn
from podium.contracts.policies import AppliedEvent, PolicyRolledBack, PolicyStaged
from podium.contracts.predictions import DriftDetected, DriftEnded, PredictionsPublished
from podium.contracts.queues import QueueMeasured
from podium.contracts.recovery import HoldLifted, HoldPlaced, RecoveryStepTaken
from podium.contracts.schedules import SCHEDULE_CLOSING, AnyScheduleEvent, ScheduleCommand, ScheduleEvent
from podium.contracts.subjects import Service
from podium.contracts.tasks import (
    CLOSING,
    Report,
    ReportRefused,
    ReportTasks,
    SubmitTask,
    SubmitTasks,
    TaskEvent,
    TaskFailed,
    Waiting,
)
from podium.contracts.workflows import (
    RUN_CLOSING,
    AnyWorkflowEvent,
    WorkflowCommand,
    WorkflowDefined,
    WorkflowEvent,
    WorkflowStarted,
)
from podium.kernel.decider import Emit, Request
from podium.kernel.log import MAX_BATCH
from podium.kernel.timers import NEVER

from . import due, heard
from .book import Book
from .lengths import Said
from .parts import Parts
from .rules import Rules
from .schedules import decisions as schedules
from .schedules.book import Dump as SchedulesDump
from .schedules.book import Schedules
from .schemas import Schemas
from .session_phases import Dump as PhasesDump
from .session_phases import PhaseBook
from .settings import RouterSettings
from .state import RouterState
from .submission import submit, submit_all
from .tasks import Order, decide
from .waiting import explain
from .workflows import service as workflows
from .workflows.advance import MOST_FOLLOWING
from .workflows.book import Dump as FlowsDump
from .workflows.book import Flows

Decision = Callable[[RouterState, Request, float], Iterable[Emit] | Refused]

_OF_TASKS = frozenset(get_args(TaskEvent))


class Router:
    """A `Decider`."""

    service: Service = "router"
    schema = "11"
    upstream: Mapping[Service, tuple[type[Struct], ...]] = MappingProxyType(
        {
            "registry": (),
            "health": (AgentLost, AgentRecovered, AgentSuspected, HoldLifted, HoldPlaced, RecoveryStepTaken),
            "collaboration": (PhaseStarted, PhaseWithdrawn),
            "optimizer": (PolicyStaged, PolicyRolledBack, PredictionsPublished, DriftDetected, DriftEnded),
        }
    )
    closing: tuple[type[Struct], ...] = (*CLOSING, *RUN_CLOSING, *SCHEDULE_CLOSING, WorkflowDefined, PhaseEnded)

    def __init__(self, settings: RouterSettings | None = None) -> None:
        self.settings = settings or RouterSettings()
        self._rules = Rules(self.settings, Schemas())
        self._decisions: dict[type[Struct], Decision] = {
            SubmitTask: self._submit,
            SubmitTasks: self._submit_all,
            ReportTasks: self._report,
            **dict.fromkeys(get_args(Order), self._order),
            **dict.fromkeys(get_args(Report), self._reported),
            **dict.fromkeys(get_args(WorkflowCommand), self._workflow),
            **dict.fromkeys(get_args(ScheduleCommand), self._schedule),
        }

    # What was

    def initial(self) -> RouterState:
        return RouterState(Parts(Book(self.settings)), self.settings)

    def evolve(self, state: RouterState, entity: str, event: Struct, actor: str, at: float) -> None:
        if type(event) in _OF_TASKS:
            _fold_task(state, entity, cast(TaskEvent, event), actor, at)
        elif isinstance(event, WorkflowEvent):
            state.flows.fold(entity, cast(AnyWorkflowEvent, event), actor, at)
            if entity in state.schedules.runs:
                _follow(state, entity, event)
        elif isinstance(event, ScheduleEvent):
            state.schedules.fold(entity, cast(AnyScheduleEvent, event), actor, at)
        elif isinstance(event, PhaseEvent):
            state.phases.fold(entity, event)
        elif isinstance(event, QueueMeasured):
            state.book.said = Said(event.waiting, event.skills)
        else:
            state.book.follow(entity, cast(AppliedEvent, event))

    def dump(self, state: RouterState) -> bytes:
        schedules = state.schedules.dump()
        return msgspec.msgpack.encode((state.book.dump(), state.flows.dump(), state.phases.dump(), schedules))

    def load(self, dumped: bytes) -> RouterState:
        shape = tuple[bytes, FlowsDump, PhasesDump, SchedulesDump]
        book, flows, phases, schedules = msgspec.msgpack.decode(dumped, type=shape)
        parts = Parts(Book.load(book, self.settings))
        of_sessions, of_schedules = PhaseBook.load(phases), Schedules.load(schedules)
        return RouterState(parts, self.settings, Flows.load(flows), of_sessions, of_schedules)

    # What is asked

    def decide(self, state: RouterState, request: Request, now: float) -> Iterable[Emit] | Refused:
        return self._decisions[type(request.command)](state, request, now)

    def _submit(self, state: RouterState, request: Request, now: float) -> list[Emit] | Refused:
        command = cast(SubmitTask, request.command)
        return submit(state, request.entity, command, request.principal, now, self._rules)

    def _submit_all(self, state: RouterState, request: Request, now: float) -> list[Emit] | Refused:
        return submit_all(state, cast(SubmitTasks, request.command), request.principal, now, self._rules)

    def _order(self, state: RouterState, request: Request, now: float) -> list[Emit] | Refused:
        task_id = request.entity
        task = state.book.find(task_id)
        if task is None:
            return Refused("unknown_task", f"there is no task {task_id}")
        return decide(task_id, task, cast(Order, request.command), request.principal, now, self._rules)

    def _reported(self, state: RouterState, request: Request, now: float) -> Iterable[Emit] | Refused:
        """What follows for a workflow belongs to the report: they are one commit."""
        decided = self._order(state, request, now)
        if isinstance(decided, Refused) or request.entity not in state.flows.children.links:
            return decided
        return workflows.and_then(state, decided, request.principal, cast(Report, request.command), now, self._rules)

    def _workflow(self, state: RouterState, request: Request, now: float) -> Iterable[Emit] | Refused:
        return workflows.decide(state, request, now, self._rules)

    def _schedule(self, state: RouterState, request: Request, now: float) -> list[Emit] | Refused:
        return schedules.decide(state, request, cast(ScheduleCommand, request.command), now, self._rules)

    def _report(self, state: RouterState, request: Request, now: float) -> Iterable[Emit] | Refused:
        if request.principal != request.entity:
            return Refused("not_your_task", f"{request.principal} cannot report for {request.entity}")
        return self._report_all(state, cast(ReportTasks, request.command), request.principal, now)

    def _report_all(self, state: RouterState, command: ReportTasks, by: str, now: float) -> Iterator[Emit]:
        """Each report stands for itself, and is judged by what those before it led to. What follows for workflows
        belongs to it, as far as one commit holds it all.
        """
        emitted = 0
        for number, entry in enumerate(command.reports):
            report = entry.report
            decided: Iterable[Emit] | Refused = self._order(state, Request(by, entry.task_id, report), now)
            if isinstance(decided, Refused):
                name = str(report.__struct_config__.tag)
                decided = [Emit(entry.task_id, ReportRefused(by, report.attempt, name, decided.code, decided.message))]
            elif entry.task_id in state.flows.children.links:
                left = 2 * (len(command.reports) - number)  # a report has two events at the most
                if emitted + left + MOST_FOLLOWING <= MAX_BATCH:
                    decided = workflows.and_then(state, decided, by, report, now, self._rules)
            for emit in decided:
                emitted += 1
                yield emit

    # What others say

    def observe(self, state: RouterState, entity: str, fact: Struct, at: float) -> None:
        heard.observe(state, entity, fact, at, follows_wishes=self.settings.mode != "static")

    def sense(self, state: RouterState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        heard.sense(state, subject[0], signal, now)

    # What is due

    def react(self, state: RouterState, now: float) -> Iterable[Emit]:
        return due.react(state, now, self.settings, self._rules)

    def due(self, state: RouterState) -> float | None:
        if state.index.pending or state.busy:
            return 0.0
        at = state.index.next_time()
        return at if at < NEVER else None

    def explain(self, state: RouterState, entity: str, now: float) -> Waiting | None:
        found = explain(state, entity, now, self.settings)
        return workflows.explain(state, entity, now, self.settings) if found is None else found


def decider() -> Router:
    """The router as its process runs it, with the settings of its environment."""
    return Router()


def _fold_task(state: RouterState, entity: str, event: TaskEvent, actor: str, at: float) -> None:
    change = state.book.fold(entity, event, actor, at)
    if change is None:
        return
    state.index.follow(change)
    if entity in state.flows.children.links:
        state.flows.fold_task(entity, event, at)
    elif entity in state.phases.links:
        state.phases.fold_task(entity, event)
    elif type(event) is TaskFailed and change.before is not None:
        state.book.failures.add(change.before.job)


def _follow(state: RouterState, run: str, event: WorkflowEvent) -> None:
    """What becomes of a schedule's run."""
    if isinstance(event, WorkflowStarted):
        state.flows.runs[run].facts.due = state.schedules.runs[run].due
        state.schedules.started(run)
    elif isinstance(event, RUN_CLOSING):
        state.schedules.closed(run)
