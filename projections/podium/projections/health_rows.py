"""What health says, folded into rows: agents in doubt, holds, recoveries, plans, pools, who is told of what. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from podium.contracts.alert_queries import AlertRow, ChannelRow, HookRow, NotificationRow, RouteRow, SilenceRow
from podium.contracts.alerts import (
    AlertAcknowledged,
    AlertRaised,
    AlertRepeated,
    AlertResolved,
    AlertsSilenced,
    DeliveryFailed,
    NotificationDelivered,
    NotificationDropped,
    NotificationQueued,
    RouteDefined,
    RouteRemoved,
    SilenceEnded,
)
from podium.contracts.channels import ChannelDefined, ChannelRemoved
from podium.contracts.health import AgentLost, AgentRecovered, AgentStalled, AgentSuspected
from podium.contracts.health_queries import AgentHealthRow, HoldRow, PlanRow, RecoveryRow
from podium.contracts.hooks import HookDefined, HookRemoved, RunEndQueued, TaskEndQueued
from podium.contracts.pools import PoolDefined, PoolRemoved, PoolResized, PoolRow
from podium.contracts.recovery import (
    Charge,
    HoldLifted,
    HoldPlaced,
    PlanDefined,
    PlanRemoved,
    RecoveryEnded,
    RecoveryStarted,
    RecoveryStepTaken,
)
from podium.contracts.thresholds import HealthChanged

from . import told
from .received import Received

Kind = Literal[
    "agent", "hold", "recovery", "plan", "pool", "alert", "notification", "channel", "route", "silence", "hook"
]
Key = tuple[Kind, str]
Content = AgentHealthRow | HoldRow | RecoveryRow | PlanRow | PoolRow | AlertRow | NotificationRow | told.Told

TYPES: Final[Mapping[Kind, type[Struct]]] = {
    "agent": AgentHealthRow,
    "hold": HoldRow,
    "recovery": RecoveryRow,
    "plan": PlanRow,
    "alert": AlertRow,
    "notification": NotificationRow,
    "pool": PoolRow,
    "channel": ChannelRow,
    "route": RouteRow,
    "silence": SilenceRow,
    "hook": HookRow,
}


class Row(Struct):
    """`open`: it still matters. `at`: by which lists are ordered, seconds since the epoch, UTC."""

    open: bool
    at: float
    content: Content


Rows = dict[Key, Row]


def key_of(event: Received) -> Key | None:
    """Which row an event changes."""
    match event.data:
        case AgentSuspected() | AgentLost() | AgentStalled() | AgentRecovered() | HealthChanged(scope="agent"):
            return "agent", event.entity
        case HoldPlaced() | HoldLifted():
            return "hold", f"{event.data.scope}/{event.data.cause}/{event.entity}"
        case RecoveryStarted() | RecoveryStepTaken() | RecoveryEnded():
            return "recovery", event.entity
        case PlanDefined() | PlanRemoved():
            return "plan", event.entity
        case AlertRaised() | AlertRepeated() | AlertAcknowledged() | AlertResolved():
            return "alert", event.entity
        case NotificationQueued() | TaskEndQueued() | RunEndQueued():
            return "notification", event.entity
        case DeliveryFailed() | NotificationDelivered() | NotificationDropped():
            return "notification", event.entity
        case PoolDefined() | PoolResized() | PoolRemoved():
            return "pool", event.entity
        case ChannelDefined() | ChannelRemoved():
            return "channel", event.entity
        case RouteDefined() | RouteRemoved():
            return "route", event.entity
        case AlertsSilenced() | SilenceEnded():
            return "silence", event.entity
        case HookDefined() | HookRemoved():
            return "hook", event.entity
        case _:
            return None


def fold(rows: Rows, event: Received, key: Key) -> None:
    """Change the row as the event says."""
    known = rows.get(key)
    match event.data:
        case HoldPlaced() as hold:
            by = event.actor
            held = HoldRow(event.entity, hold.scope, hold.cause, hold.reason, event.at, by, hold.until, hold.probe)
            rows[key] = Row(True, event.at, held)
        case PlanDefined() as plan:
            fields = (
                plan.causes,
                plan.steps,
                plan.kinds,
                plan.agents,
                plan.times,
                plan.order,
                list(plan.codes),
                plan.attempts,
            )
            rows[key] = Row(True, float(plan.order), PlanRow(event.entity, *fields))
        case ChannelDefined() | RouteDefined() | AlertsSilenced() | HookDefined() as defined:
            shown = told.row(event.entity, defined, event.at, event.actor)
            rows[key] = Row(True, shown.until if isinstance(shown, SilenceRow) else event.at, shown)
        case HoldLifted() | PlanRemoved() | PoolRemoved() if known is not None:
            known.open = False
        case ChannelRemoved() | RouteRemoved() | SilenceEnded() | HookRemoved() if known is not None:
            known.open = False
        case PoolDefined() as pool:
            rows[key] = Row(True, event.at, _pool(event.entity, pool, known))
        case PoolResized() as resized if known is not None and isinstance(known.content, PoolRow):
            sized = known.content
            sized.size, sized.reason, sized.resized_at = resized.size, resized.reason, event.at
        case RecoveryStarted() as started:
            content = RecoveryRow(
                event.entity, started.cause, started.agent, started.plan, started.charges, started.steps, event.at
            )
            rows[key] = Row(True, event.at, content)
        case RecoveryStepTaken() | RecoveryEnded() if known is not None and isinstance(known.content, RecoveryRow):
            _recovery(known, known.content, event.data, event.at)
        case AlertRaised() as raised:
            alert = AlertRow(event.entity, raised.title, raised.severity, raised.labels, event.at, event.actor)
            rows[key] = Row(True, event.at, alert)
        case NotificationQueued() as queued:
            named = [brief.alert for brief in queued.alerts]
            message = NotificationRow(
                event.entity, queued.channel, queued.why, queued.severity, queued.total, named, event.at
            )
            rows[key] = Row(True, event.at, message)
        case TaskEndQueued() | RunEndQueued() as end:
            ended = end.run if isinstance(end, RunEndQueued) else end.task
            message = NotificationRow(event.entity, end.channel, "ended", "info", 1, [ended], event.at)
            rows[key] = Row(True, event.at, message)
        case _ if known is not None and isinstance(known.content, AlertRow):
            _alert(known, known.content, event)
        case _ if known is not None and isinstance(known.content, NotificationRow):
            _notification(known, known.content, event.data)
        case _ if key[0] == "agent":
            row = known or Row(False, event.at, AgentHealthRow(event.entity, event.at))
            rows[key] = row
            if isinstance(row.content, AgentHealthRow):
                _agent(row.content, event.data, event.at)
                row.at = row.content.since
                row.open = bool(row.content.stalled) or (row.content.standing, row.content.state) != ("well", "healthy")
        case _:
            pass


def _pool(name: str, pool: PoolDefined, known: Row | None) -> PoolRow:
    """A pool that is defined again keeps its size."""
    row = PoolRow(
        name,
        pool.type,
        pool.skills,
        min=pool.min,
        max=pool.max,
        slots_each=pool.slots,
        up_at=pool.up_at,
        down_at=pool.down_at,
        warmup=pool.warmup,
        cooldown=pool.cooldown,
    )
    if known is not None and known.open and isinstance(known.content, PoolRow):
        row.size, row.reason, row.resized_at = known.content.size, known.content.reason, known.content.resized_at
    return row


def _recovery(row: Row, content: RecoveryRow, event: RecoveryStepTaken | RecoveryEnded, at: float) -> None:
    match event:
        case RecoveryStepTaken():
            content.taken = event.number
        case RecoveryEnded():
            content.outcome, content.ended_at, content.left = event.outcome, at, event.left
            row.open = False


def _alert(row: Row, content: AlertRow, event: Received) -> None:
    match event.data:
        case AlertRepeated():
            content.count = event.data.count
        case AlertAcknowledged():
            content.acknowledged_by, content.note = event.actor, event.data.note
        case AlertResolved():
            content.resolved_at, content.reason = event.at, event.data.reason
            row.open = False
        case _:
            pass


def _notification(row: Row, content: NotificationRow, event: Struct | None) -> None:
    match event:
        case DeliveryFailed():
            content.attempts, content.error, content.retry_at = event.attempt, event.error, event.retry_at
        case NotificationDelivered():
            content.attempts, content.state, content.retry_at, row.open = event.attempt, "delivered", None, False
        case NotificationDropped():
            content.attempts, content.state, content.retry_at, row.open = event.attempt, "dropped", None, False
            content.error = event.error
        case _:
            pass


def _agent(row: AgentHealthRow, event: Struct | None, at: float) -> None:
    match event:
        case AgentSuspected():
            row.standing, row.since = "suspected", at
            row.suspected += 1
        case AgentLost():
            row.standing, row.since = "lost", at
            row.lost += 1
        case AgentStalled():
            row.stalled = [*row.stalled, Charge(event.task, event.attempt)]
        case AgentRecovered(was="stalled"):
            row.stalled = [charge for charge in row.stalled if charge.task != event.task]
        case AgentRecovered():
            row.standing, row.since = "well", at
        case HealthChanged():
            row.state, row.reasons = event.state, event.reasons
        case _:
            pass


def kind_of(type: type[Struct]) -> Kind:
    return next(kind for kind, of in TYPES.items() if of is type)
