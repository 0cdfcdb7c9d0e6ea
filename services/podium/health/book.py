"""What health folds from its own events: who is in doubt, what is held, what is being recovered, and by which plans."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.health import AgentLost, AgentRecovered, AgentStalled, AgentSuspected, HealthEvent
from podium.contracts.pools import PoolDefined, PoolRemoved, PoolResized
from podium.contracts.recovery import (
    Cause,
    Charge,
    EscalateStep,
    HoldCause,
    HoldLifted,
    HoldPlaced,
    PlanDefined,
    PlanRemoved,
    RecoveryEnded,
    RecoveryStarted,
    RecoveryStepTaken,
    Scope,
    Severity,
    Step,
    successor,
)
from podium.contracts.thresholds import HealthChanged, Level, Metric, State, ThresholdCleared, ThresholdCrossed

from . import pools
from .desk import Desk

KEPT = 100_000
"""How many agents may be in doubt, and how many attempts are known to be in recovery or to have been; the oldest is
forgotten first."""

HOUR = 3600.0
TIMES_KEPT = 100

HoldKey = tuple[Scope, str, HoldCause]
MetricKey = tuple[Scope, str, Metric]

K = TypeVar("K")
V = TypeVar("V")


class Standing(Struct, frozen=True, gc=False):
    """An agent that is not heard; `since` and `lost_at` are seconds since the epoch, UTC."""

    since: float
    lost_at: float | None = None


class Stall(Struct, frozen=True, gc=False):
    """An attempt without progress, since that time."""

    agent: str
    attempt: int
    since: float


class Hold(Struct, frozen=True, gc=False):
    """No new work; `times`: of a breaker, how often it has opened without closing."""

    since: float
    until: float | None
    reason: str
    probe: bool
    times: int = 0


class Recovery(Struct, frozen=True):
    """One that is under way; `taken`: how many steps were; `next_at`: when the next one is, if none helps."""

    cause: Cause
    agent: str
    charges: list[Charge]
    steps: list[Step]
    since: float
    taken: int
    next_at: float


class _Dump(Struct, frozen=True):
    format: Literal["health-7"]
    standings: list[tuple[str, Standing]]
    stalls: list[tuple[str, Stall]]
    holds: list[tuple[HoldKey, Hold]]
    closed_at: list[tuple[tuple[Scope, str], float]]
    plans: list[tuple[str, PlanDefined]]
    recoveries: list[tuple[str, Recovery]]
    charged: list[tuple[str, int]]
    planned: list[tuple[str, float]]
    seen: list[tuple[str, float]]
    floor: float
    causes: list[tuple[tuple[str, Cause], list[float]]]
    started: int
    crossed: list[tuple[MetricKey, Level]]
    states: list[tuple[tuple[Scope, str], State]]
    escalations: list[tuple[str, tuple[Severity, str]]]
    desk: Desk
    pools: list[tuple[str, pools.Pool]]


class Book:
    """Changed by `fold` alone.

    Attributes:
        standings: agent → its doubt, in the order in which they came into it.
        stalls: task → its stalled attempt.
        holds: what keeps work from whom.
        closed_at: when a breaker closed last.
        plans: by name.
        recoveries: those under way, in the order in which they were started.
        charged: task → its newest attempt that a recovery was about.
        planned: plan → since when it is as it is.
        seen: tasks whose failure led to a recovery, and those that took their places → when; `floor`: of the last one
            forgotten.
        started: how many recoveries there were.
        crossed: which metrics are beyond which limit.
        states: of who is not healthy.
        escalations: recoveries that a person is to look at → how badly, and why.
        desk: alerts, and who is told of them.
        pools: by name.
    """

    def __init__(self) -> None:
        self.standings: OrderedDict[str, Standing] = OrderedDict()
        self.stalls: OrderedDict[str, Stall] = OrderedDict()
        self.holds: dict[HoldKey, Hold] = {}
        self.closed_at: OrderedDict[tuple[Scope, str], float] = OrderedDict()
        self.plans: dict[str, PlanDefined] = {}
        self.recoveries: dict[str, Recovery] = {}
        self.charged: OrderedDict[str, int] = OrderedDict()
        self.planned: dict[str, float] = {}
        self.seen: OrderedDict[str, float] = OrderedDict()
        self.floor = 0.0
        self.started = 0
        self.crossed: dict[MetricKey, Level] = {}
        self.states: dict[tuple[Scope, str], State] = {}
        self.escalations: OrderedDict[str, tuple[Severity, str]] = OrderedDict()
        self.desk = Desk()
        self.pools: pools.Pools = {}
        self._causes: OrderedDict[tuple[str, Cause], list[float]] = OrderedDict()

    def times(self, agent: str, cause: Cause, now: float) -> int:
        """How often this happened to the agent within the hour."""
        return sum(at > now - HOUR for at in self._causes.get((agent, cause), ()))

    def fold(self, entity: str, event: HealthEvent, at: float, *, by_health: bool) -> None:
        match event:
            case AgentSuspected():
                _put(self.standings, entity, Standing(at))
            case AgentLost():
                known = self.standings.get(entity)
                _put(self.standings, entity, Standing(known.since if known else at, at))
            case AgentStalled():
                _put(self.stalls, event.task, Stall(entity, event.attempt, at))
            case AgentRecovered(was="stalled"):
                self.stalls.pop(event.task or "", None)
            case AgentRecovered():
                self.standings.pop(entity, None)
            case HoldPlaced():
                self._hold(entity, event, at)
            case HoldLifted():
                self.holds.pop((event.scope, entity, event.cause), None)
                if event.cause == "breaker":
                    _put(self.closed_at, (event.scope, entity), at)
            case PlanDefined():
                self.plans[entity], self.planned[entity] = event, at
            case PlanRemoved():
                self.plans.pop(entity, None)
                self.planned.pop(entity, None)
            case ThresholdCrossed():
                self.crossed[event.scope, entity, event.metric] = event.level
            case ThresholdCleared():
                self.crossed.pop((event.scope, entity, event.metric), None)
            case HealthChanged(state="healthy"):
                self.states.pop((event.scope, entity), None)
            case HealthChanged():
                self.states[event.scope, entity] = event.state
            case RecoveryStarted():
                self._start(entity, event, at)
            case RecoveryStepTaken():
                self._step(entity, event, at)
            case RecoveryEnded():
                self.recoveries.pop(entity, None)
                if event.outcome == "recovered":
                    self.escalations.pop(entity, None)
            case PoolDefined() | PoolRemoved() | PoolResized():
                pools.fold(self.pools, entity, event, at)
            case alert:
                before = self.desk.alerts.get(entity)
                self.desk.fold(entity, alert, at, by_health=by_health)
                if before is not None and entity not in self.desk.alerts:
                    self.escalations.pop(before.labels.get("name", ""), None)

    def _hold(self, entity: str, event: HoldPlaced, at: float) -> None:
        key: HoldKey = (event.scope, entity, event.cause)
        known = self.holds.get(key)
        times = 0 if known is None else known.times + (not event.probe)
        self.holds[key] = Hold(at, event.until, event.reason, event.probe, times)

    def _start(self, entity: str, event: RecoveryStarted, at: float) -> None:
        self.started += 1
        self.recoveries[entity] = Recovery(event.cause, event.agent, event.charges, event.steps, at, 0, at)
        for charge in event.charges:
            _put(self.charged, charge.task, charge.attempt)
            if event.cause == "task_failed":
                self._see(charge.task, at)
        key = (event.agent, event.cause)
        times = [time for time in self._causes.get(key, ()) if time > at - HOUR]
        _put(self._causes, key, [*times, at][-TIMES_KEPT:])

    def _step(self, entity: str, event: RecoveryStepTaken, at: float) -> None:
        known = self.recoveries.get(entity)
        if known is not None:
            if isinstance(event.step, EscalateStep):
                message = f"{known.cause} of {known.agent}: {event.step.message}"
                _put(self.escalations, entity, (event.step.severity, message))
            if known.cause == "task_failed":
                for charge in event.charges:
                    self._see(successor(charge.task, entity, event.number), at)
            self.recoveries[entity] = replace(known, taken=event.number, next_at=at + event.step.within)

    def _see(self, task: str, at: float) -> None:
        if len(self.seen) >= KEPT:
            self.floor = max(self.floor, self.seen.popitem(last=False)[1])
        self.seen[task] = at

    def dump(self) -> bytes:
        """Equal books give equal bytes."""
        return msgspec.msgpack.encode(
            _Dump(
                "health-7",
                list(self.standings.items()),
                list(self.stalls.items()),
                list(self.holds.items()),
                list(self.closed_at.items()),
                list(self.plans.items()),
                list(self.recoveries.items()),
                list(self.charged.items()),
                list(self.planned.items()),
                list(self.seen.items()),
                self.floor,
                list(self._causes.items()),
                self.started,
                list(self.crossed.items()),
                list(self.states.items()),
                list(self.escalations.items()),
                self.desk,
                list(self.pools.items()),
            )
        )

    @staticmethod
    def load(dumped: bytes) -> Book:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        book = Book()
        book.standings = OrderedDict(content.standings)
        book.stalls = OrderedDict(content.stalls)
        book.holds = dict(content.holds)
        book.closed_at = OrderedDict(content.closed_at)
        book.plans = dict(content.plans)
        book.recoveries = dict(content.recoveries)
        book.charged = OrderedDict(content.charged)
        book.planned = dict(content.planned)
        book.seen = OrderedDict(content.seen)
        book.floor = content.floor
        book._causes = OrderedDict(content.causes)
        book.started = content.started
        book.crossed = dict(content.crossed)
        book.states = dict(content.states)
        book.escalations = OrderedDict(content.escalations)
        book.desk = content.desk
        book.pools = dict(content.pools)
        return book


def _put(kept: OrderedDict[K, V], key: K, value: V) -> None:
    """As the newest; the oldest goes if there are too many."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
