"""The router's rules as one decider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import cast, get_args

import msgspec
from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.envelope import Beat as BeatSignal
from podium.contracts.health import AgentLost, AgentRecovered, AgentSuspected
from podium.contracts.outcomes import Refused
from podium.contracts.policies import AppliedEvent, PolicyRolledBack, PolicyStaged
from podium.contracts.predictions import DriftDetected, DriftEnded, PredictionsPublished
from podium.contracts.recovery import HoldLifted, HoldPlaced, RecoveryStepTaken
from podium.contracts.schedules import SCHEDULE_CLOSING, AnyScheduleEvent, ScheduleCommand, ScheduleEvent
from podium.contracts.sessions import PhaseEnded, PhaseEvent, PhaseStarted, PhaseWithdrawn
from podium.contracts.subjects import Service
from podium.contracts.tasks import (
    CLOSING,
    Report,
    ReportRefused,
    ReportTasks,
    SubmitTask,
    SubmitTasks,
    TaskCancelled,
    TaskEvent,
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
from podium.kernel.timers import NEVER

from .agents import Beat, Profile
from .assignment import assign, assignments
from .book import Book
from .orders import ORDERS_KEPT, carry_out, orders_of
from .overdue import overdue
from .parts import Parts
from .rebalancing import moves
from .retry import fail
from .rules import Rules
from .schedules import decisions as schedules
from .schedules import due as schedules_due
from .schedules.book import Dump as SchedulesDump
from .schedules.book import Schedules
from .schedules.due import SCHEDULE
from .schemas import Schemas
from .session_phases import Dump as PhasesDump
from .session_phases import PhaseBook
from .session_phases import advance as advance_phases
from .settings import RouterSettings
from .state import RouterState
from .submission import submit, submit_all
from .tasks import Order, decide
from .waiting import explain
from .watch import AGENT
from .workflows import service as workflows
from .workflows.advance import RUN
from .workflows.book import Dump as FlowsDump
from .workflows.book import Flows

Decision = Callable[[RouterState, Request, float], Iterable[Emit] | Refused]

_APPLIED = frozenset(get_args(AppliedEvent))
_UNHEARD = Beat(0.0)

LEFT_KEPT = 100_000
"""How many agents that have left are still known; the oldest is forgotten first."""


class Router:
    """A `Decider`."""

    service: Service = "router"
    schema = "9"
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
        flows = state.flows
        if isinstance(event, WorkflowEvent):
            flows.fold(entity, cast(AnyWorkflowEvent, event), actor, at)
            if entity in state.schedules.runs:
                _follow(state, entity, event)
            return
        if isinstance(event, ScheduleEvent):
            state.schedules.fold(entity, cast(AnyScheduleEvent, event), actor, at)
            return
        if isinstance(event, PhaseEvent):
            state.phases.fold(entity, event)
            return
        if type(event) in _APPLIED:
            state.book.follow(entity, cast(AppliedEvent, event))
            return
        change = state.book.fold(entity, cast(TaskEvent, event), actor, at)
        if change is not None:
            state.index.follow(change)
            if entity in flows.children.links:
                flows.fold_task(entity, cast(TaskEvent, event), at)
            elif entity in state.phases.links:
                state.phases.fold_task(entity, cast(TaskEvent, event))

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
        return workflows.and_then(state, decided, now, self._rules)

    def _workflow(self, state: RouterState, request: Request, now: float) -> Iterable[Emit] | Refused:
        return workflows.decide(state, request, now, self._rules)

    def _schedule(self, state: RouterState, request: Request, now: float) -> list[Emit] | Refused:
        return schedules.decide(state, request, cast(ScheduleCommand, request.command), now, self._rules)

    def _report(self, state: RouterState, request: Request, now: float) -> Iterable[Emit] | Refused:
        if request.principal != request.entity:
            return Refused("not_your_task", f"{request.principal} cannot report for {request.entity}")
        return self._report_all(state, cast(ReportTasks, request.command), request.principal, now)

    def _report_all(self, state: RouterState, command: ReportTasks, by: str, now: float) -> Iterator[Emit]:
        """Each report stands for itself, and is judged by what those before it led to."""
        for entry in command.reports:
            report = entry.report
            decided = self._order(state, Request(by, entry.task_id, report), now)
            if isinstance(decided, Refused):
                name = str(report.__struct_config__.tag)
                yield Emit(entry.task_id, ReportRefused(by, report.attempt, name, decided.code, decided.message))
            else:
                yield from decided

    # What others say

    def observe(self, state: RouterState, entity: str, fact: Struct, at: float) -> None:
        match fact:
            case AgentRegistered() | AgentUpdated():
                _enter(state, entity, fact.profile, at)
            case AgentUnregistered():
                _leave(state, entity)
            case AgentSuspected() | AgentLost():
                state.parts.doubts[entity] = at
                if entity in state.parts.profiles:
                    state.index.watch.doubted(entity)
            case AgentRecovered() if fact.was != "stalled":
                if state.parts.doubts.pop(entity, None) is not None and entity in state.parts.profiles:
                    state.index.watch.heard(entity)
            case RecoveryStepTaken():
                _order(state, entity, fact)
            case PhaseStarted() | PhaseWithdrawn():
                state.parts.wanted.observe(entity, fact)
            case PolicyStaged() | PolicyRolledBack() if self.settings.mode != "static":
                state.parts.wishes.add(entity, fact)
            case PredictionsPublished() | DriftDetected() | DriftEnded():
                state.parts.outlooks.observe(entity, fact)
            case HoldPlaced() | HoldLifted():
                state.parts.holds.fold(entity, fact)
                state.index.hold_changed(entity, fact.scope)
            case _:
                pass

    def sense(self, state: RouterState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """Any sign of life of an agent that is registered; what it says of its load, if it says so."""
        agent, beats = subject[0], state.parts.beats
        if agent not in state.parts.profiles:
            return
        doubt = state.parts.doubts.get(agent)
        despite = 0.0 if doubt is None else doubt
        if isinstance(signal, BeatSignal):
            beats[agent] = Beat(now, _share(signal.cpu), _share(signal.memory), despite)
        else:
            before = beats.get(agent, _UNHEARD)
            beats[agent] = Beat(now, before.cpu, before.memory, despite)
        state.index.heard(agent)

    # What is due

    def react(self, state: RouterState, now: float) -> Iterable[Emit]:
        if state.parts.started is None:
            state.parts.started = now
            state.index.start(now)
        index = state.index
        busy = index.pending or index.next_time() <= now or state.busy
        return self._react(state, now) if busy else ()

    def _react(self, state: RouterState, now: float) -> Iterator[Emit]:
        if state.parts.wishes:
            yield from state.parts.wishes.follow(state.book.policies)
        if state.index.orphaned:
            yield from self._orphans(state, now)
        if state.index.ordered:
            yield from self._orders(state, now)
        if state.parts.holds.stop is not None:
            yield from self._stop(state)
        if state.index.next_time() <= now:
            yield from self._times(state, now)
            yield from moves(state, self.settings, now, partial(assign, state, self.settings, now=now))
        yield from self._runs(state, now)
        if state.has_phases:
            yield from self._phases(state, now)
        yield from assignments(state, self.settings, now)
        while state.flows.busy or state.schedules.busy:
            yield from self._runs(state, now)
            yield from assignments(state, self.settings, now)

    def _runs(self, state: RouterState, now: float) -> Iterator[Emit]:
        """Runs that schedules begin, and what is due of all that are open."""
        if state.schedules.busy:
            yield from schedules_due.advance(state, now, self._rules)
        if state.flows.busy:
            yield from workflows.advance(state, now, self._rules)

    def due(self, state: RouterState) -> float | None:
        if state.index.pending or state.busy:
            return 0.0
        at = state.index.next_time()
        return at if at < NEVER else None

    def _orphans(self, state: RouterState, now: float) -> Iterator[Emit]:
        """What agents held that have left goes to others."""
        index = state.index
        for agent in list(index.orphaned):
            for task in index.watch.held(agent):
                message = f"{agent} was unregistered"
                yield from fail(task, "agent_unregistered", message, now, self._rules, at_once=True, tell=True)
            index.orphaned.pop(agent, None)

    def _orders(self, state: RouterState, now: float) -> Iterator[Emit]:
        """What health wants done."""
        for name in list(state.index.ordered):
            task = state.book.tasks.get(name)
            if task is not None:
                yield from carry_out(task, state.parts.orders[name], now, self._rules)
            state.index.ordered.pop(name, None)

    def _phases(self, state: RouterState, now: float) -> Iterator[Emit]:
        """What sessions want done."""
        stopped = state.parts.holds.stop is not None
        yield from advance_phases(state.phases, state.parts.wanted, state.book, now, self._rules, stopped=stopped)

    def _stop(self, state: RouterState) -> Iterator[Emit]:
        """An emergency: what runs is cancelled."""
        for agent in list(state.book.hands):
            for task in state.index.watch.held(agent):
                event = TaskCancelled(f"everything is stopped: {state.parts.holds.stop}", task.agent, task.attempt)
                yield Emit(task.job.id, event, task.agent)

    def _times(self, state: RouterState, now: float) -> Iterator[Emit]:
        """What time alone brings, the earliest first."""
        timers = state.index.timers
        while (first := timers.first()) is not None and first[0] <= now:
            name = first[1]
            if name.startswith(AGENT):
                yield from self._silence(state, name.removeprefix(AGENT), now)
                continue
            if name.startswith(RUN):
                workflows.overdue(state, name.removeprefix(RUN), now, self._rules)
                continue
            if name.startswith(SCHEDULE):
                state.schedules.pending[name.removeprefix(SCHEDULE)] = None
                timers.set(name, None)
                continue
            task = state.book.tasks[name]
            events = overdue(task, now, self._rules)
            if not events:
                state.index.tick(task, now)
            yield from events

    def _silence(self, state: RouterState, agent: str, now: float) -> Iterator[Emit]:
        for task in state.index.watch.lost(agent, now):
            message = f"nothing was heard of {agent} for too long"
            yield from fail(task, "heartbeat_timeout", message, now, self._rules, tell=True)
        state.index.watch.look(agent, now)

    def explain(self, state: RouterState, entity: str, now: float) -> Waiting | None:
        found = explain(state, entity, now, self.settings)
        return workflows.explain(state, entity, now, self.settings) if found is None else found


def decider() -> Router:
    """The router as its process runs it, with the settings of its environment."""
    return Router()


def _follow(state: RouterState, run: str, event: WorkflowEvent) -> None:
    """What becomes of a schedule's run."""
    if isinstance(event, WorkflowStarted):
        state.flows.runs[run].facts.due = state.schedules.runs[run].due
        state.schedules.started(run)
    elif isinstance(event, RUN_CLOSING):
        state.schedules.closed(run)


def _enter(state: RouterState, agent: str, profile: AgentProfile, at: float) -> None:
    parts = state.parts
    known = parts.profiles.get(agent)
    if known is not None and known.agent == profile:
        return
    # An agent that is to be heard is waited for from its registration on, not from every change.
    since = known.since if known is not None and known.agent.heartbeat is not None else at
    parts.profiles[agent] = Profile(profile, since)
    parts.left.pop(agent, None)
    state.index.enter(agent)


def _leave(state: RouterState, agent: str) -> None:
    parts = state.parts
    if parts.profiles.pop(agent, None) is None:
        return
    parts.beats.pop(agent, None)
    parts.doubts.pop(agent, None)
    parts.left[agent] = None
    if len(parts.left) > LEFT_KEPT:
        parts.left.popitem(last=False)
    state.index.leave(agent)


def _order(state: RouterState, recovery: str, fact: RecoveryStepTaken) -> None:
    orders = state.parts.orders
    for task, order in orders_of(recovery, fact):
        orders[task] = order
        orders.move_to_end(task)
        state.index.ordered[task] = None
    while len(orders) > ORDERS_KEPT:
        dropped, _ = orders.popitem(last=False)
        state.index.ordered.pop(dropped, None)


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
