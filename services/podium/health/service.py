"""Health's rules as one decider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import cast

from msgspec import Struct

from podium.contracts.agents import (
    AgentProfile,
    AgentRegistered,
    AgentTypeDefined,
    AgentTypeRemoved,
    AgentUnregistered,
    AgentUpdated,
)
from podium.contracts.envelope import Beat, Progress
from podium.contracts.health import (
    AgentLost,
    AgentRecovered,
    AgentStalled,
    AgentSuspected,
    HealthCommand,
    HealthEvent,
)
from podium.contracts.outcomes import Refused
from podium.contracts.pools import DefinePool, RemovePool, ReportDemand, ResizePool
from podium.contracts.predictions import DriftDetected, DriftEnded
from podium.contracts.recovery import (
    DefinePlan,
    HoldLifted,
    HoldPlaced,
    HoldWork,
    LiftStop,
    RecoveryEnded,
    RecoveryStarted,
    RecoveryStepTaken,
    RemovePlan,
    ResumeWork,
    Scope,
    StopAll,
)
from podium.contracts.subjects import Service
from podium.contracts.thresholds import HealthReport, ThresholdCleared, ThresholdCrossed
from podium.kernel.decider import Emit, Request

from . import alerts, assessment, facts, holds, hooks, liveness, pools, recovery, runs, thresholds, troubles, watch
from .book import Book
from .ledger import FOLLOWED, Assigned, Completed, follow
from .parts import Parts, Promise
from .settings import HealthSettings
from .state import HealthState


class Health:
    """A `Decider`."""

    service: Service = "health"
    schema = "10"
    upstream: Mapping[Service, tuple[type[Struct], ...]] = MappingProxyType(
        {"registry": (), "router": (*FOLLOWED, *runs.FOLLOWED), "optimizer": (DriftDetected, DriftEnded)}
    )
    closing: tuple[type[Struct], ...] = ()

    def __init__(self, settings: HealthSettings | None = None) -> None:
        self.settings = settings or HealthSettings()

    # What was

    def initial(self) -> HealthState:
        return HealthState(Parts(Book()), self.settings)

    def evolve(self, state: HealthState, entity: str, event: Struct, actor: str, at: float) -> None:
        book, watch = state.book, state.watch
        before, alert = book.recoveries.get(entity), book.desk.alerts.get(entity)
        book.fold(entity, cast(HealthEvent, event), at, by_health=actor == self.service)
        watch.alarmed = True
        for trouble in (troubles.touched(entity, event), None if alert is None else troubles.key_of(alert)):
            if trouble is not None:
                watch.doubtful[trouble] = None
        match event:
            case AgentLost() | AgentSuspected() | AgentRecovered() | AgentStalled():
                watch.unsure["agent", entity] = watch.unsure["all", "all"] = None
                if isinstance(event, AgentLost):
                    watch.bereft[entity] = None
                elif isinstance(event, AgentStalled):
                    watch.stuck[event.task] = None
            case ThresholdCrossed() | ThresholdCleared():
                watch.unsure[event.scope, entity] = None
            case HoldPlaced():
                watch.held((event.scope, entity, event.cause), event.until)
            case HoldLifted():
                watch.held((event.scope, entity, event.cause), None)
            case RecoveryStarted() | RecoveryStepTaken():
                if (recovery := book.recoveries.get(entity)) is not None:
                    watch.saving(entity, recovery)
            case RecoveryEnded() if before is not None:
                watch.saved(entity, before)
            case _:
                pass

    def dump(self, state: HealthState) -> bytes:
        return state.book.dump()

    def load(self, dumped: bytes) -> HealthState:
        return HealthState(Parts(Book.load(dumped)), self.settings)

    def dump_facts(self, state: HealthState) -> bytes:
        return facts.dump(state.parts)

    def load_facts(self, state: HealthState, dumped: bytes) -> None:
        facts.load(state.parts, dumped)
        state.look_anew(self.settings)

    # What is asked

    def decide(self, state: HealthState, request: Request, now: float) -> list[Emit] | Refused:
        match cast(HealthCommand, request.command):
            case DefinePlan() | RemovePlan() as command:
                return recovery.decide(state.book, request.entity, command)
            case HoldWork() | ResumeWork() | StopAll() | LiftStop() as command:
                return holds.decide(state.book, request.entity, command, now)
            case DefinePool() | RemovePool() | ResizePool() | ReportDemand() as command:
                return pools.decide(state.book.pools, state.parts.types, request.entity, command, now)
            case command:
                return alerts.decide(state.book.desk, request.entity, command, now)

    # What others say

    def observe(self, state: HealthState, entity: str, fact: Struct, at: float) -> None:
        match fact:
            case Assigned() | Completed():  # first, since nearly all are
                if follow(state.parts, entity, fact, at, self.settings.stall_timeout):
                    state.watch.changed(entity)
            case runs.RunStarted() | runs.RunCompleted() | runs.RunFailed() | runs.RunCancelled():
                runs.follow(state.parts, entity, fact, at)
            case AgentRegistered() | AgentUpdated():
                _enter(state, entity, fact.profile, at)
            case AgentUnregistered():
                if state.parts.promises.pop(entity, None) is not None:
                    state.watch.leave(entity)
            case AgentTypeDefined():
                state.parts.types.add(entity)
            case AgentTypeRemoved():
                state.parts.types.discard(entity)
            case DriftDetected():
                state.parts.drifts[entity, fact.measure] = fact
                state.watch.doubtful["drift", fact.measure, entity] = None
            case DriftEnded():
                state.parts.drifts.pop((entity, fact.measure), None)
                state.watch.doubtful["drift", fact.measure, entity] = None
            case _:
                if follow(state.parts, entity, fact, at, self.settings.stall_timeout):
                    state.watch.changed(entity)

    def sense(self, state: HealthState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """A beat, or progress: a sign of life as well."""
        match signal, subject:
            case Beat(), (agent,):
                state.watch.heard(agent, now, signal)
            case Progress(), (agent, task):
                state.watch.heard(agent, now, None)
                state.watch.told(agent, task, signal, now)
            case _:
                pass

    # What is due

    def react(self, state: HealthState, now: float) -> Iterable[Emit]:
        state.watch.listen(now)
        return self._react(state, now)

    def _react(self, state: HealthState, now: float) -> Iterator[Emit]:
        """Good news first: who is heard again must not be lost for what was before."""
        yield from liveness.returned(state, now)
        yield from self._times(state, now)
        yield from recovery.begin(state, now)
        for name in list(state.watch.moved):
            yield from recovery.go_on(state, name, now)
            state.watch.moved.pop(name, None)
        yield from self._judge(state, now)
        yield from assessment.changes(state, self.settings, now)
        yield from hooks.ends(state.parts, state.book.desk)
        for trouble in list(state.watch.doubtful):
            yield from troubles.reconcile(state.parts, trouble, now)
            state.watch.doubtful.pop(trouble, None)
        if state.watch.alarmed:
            yield from alerts.messages(state.book.desk, now)
            state.watch.timers.set(watch.MESSAGES, alerts.next_message(state.book.desk, now))
            state.watch.alarmed = False

    def _times(self, state: HealthState, now: float) -> Iterator[Emit]:
        """What time alone brings, and so much in one go; the rest has its turn a moment later."""
        rota, timers = state.watch.rota, state.watch.timers
        left = watch.AT_ONCE
        while left and (agent := rota.due(now)) is not None:
            left -= 1
            yield from liveness.silence(state, agent, now)
        while left and (name := timers.due(now)) is not None:
            left -= 1
            match name[0]:
                case watch.HOLD:
                    yield from holds.expire(state.book, holds.key_of(name), now)
                case watch.MEASURE:
                    yield from thresholds.measure(state, self.settings, now)
                    wait = watch.TICK if state.watch.unmeasured else self.settings.check_interval
                    timers.set(name, now + wait)
                case watch.MESSAGES:
                    timers.set(name, None)
                    state.watch.alarmed = True
                case watch.RECOVERY:
                    yield from recovery.go_on(state, name[1:], now)
                case _:
                    yield from liveness.rest(state, name, now)

    def _judge(self, state: HealthState, now: float) -> Iterator[Emit]:
        """Whose attempts have ended: how the breakers stand."""
        waiting = state.parts.results.judged
        for ended in list(waiting):
            if ended.has_failed or state.book.holds:
                for emit in holds.judge(state, ended, self.settings, now):
                    yield emit
                    if ended.scope == "agent" and isinstance(emit.event, HoldPlaced) and not emit.event.probe:
                        yield from recovery.tripped(state, ended.name, now)
            ended.is_judged, ended.has_failed = True, False
        waiting.clear()

    def due(self, state: HealthState) -> float | None:
        return state.watch.next_time()

    def explain(self, state: HealthState, entity: str, now: float) -> HealthReport | None:
        """How an agent, a skill or everything is now; None for a name of which nothing is known."""
        parts, book = state.parts, state.book
        known: dict[Scope, bool] = {
            "agent": entity in parts.promises or entity in book.standings or entity in parts.held,
            "skill": entity in parts.waiting or parts.results.of("skill", entity) is not None,
            "all": entity == holds.ALL,
        }
        found = {
            str(scope): assessment.assess(state, scope, entity, self.settings, now)
            for scope, is_known in known.items()
            if is_known or parts.results.of(scope, entity) is not None
        }
        return HealthReport(**found) if found else None


def decider() -> Health:
    """Health as its process runs it, with the settings of its environment."""
    return Health()


def _enter(state: HealthState, agent: str, profile: AgentProfile, at: float) -> None:
    """An agent is waited for from its promise on, not from every change of its profile."""
    promises = state.parts.promises
    known = promises.get(agent)
    if profile.heartbeat is None:
        if known is not None:
            del promises[agent]
            state.watch.leave(agent)
        return
    if known is None or known.interval != profile.heartbeat:
        promises[agent] = Promise(profile.heartbeat, at)
        state.watch.enter(agent)
