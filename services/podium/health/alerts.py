"""What people are told of, when, and how often; and what becomes of each message. Pure.

One trouble is one alert, and alerts of one kind on one route are one message: a storm of ten thousand is a handful.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from podium.contracts.alerts import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertBrief,
    AlertCommand,
    AlertRaised,
    AlertRepeated,
    AlertResolved,
    AlertsSilenced,
    DefineRoute,
    DeliveryFailed,
    EndSilence,
    NotificationDelivered,
    NotificationDropped,
    NotificationQueued,
    RaiseAlert,
    RemoveRoute,
    ReportDelivery,
    ResolveAlert,
    RouteDefined,
    RouteRemoved,
    SilenceAlerts,
    SilenceEnded,
    Why,
)
from podium.contracts.channels import ChannelDefined, ChannelRemoved, DefineChannel, RemoveChannel
from podium.contracts.hooks import DefineHook, RemoveHook
from podium.contracts.outcomes import Refused
from podium.contracts.recovery import Severity
from podium.kernel.decider import Emit
from podium.kernel.timers import NEVER

from . import hooks
from .desk import Desk, Queue

NAMED: Final = 20
"""Alerts that a message names; of the rest it has the number."""

GAP: Final = 60.0
"""Seconds between two messages about alerts of one kind, at the least."""

ATTEMPTS: Final = 8
LONGEST_RETRY: Final = 300.0

_RANK: Final[dict[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}

# What is asked


def decide(desk: Desk, entity: str, command: AlertCommand, now: float) -> list[Emit] | Refused:
    alert = desk.alerts.get(entity)
    match command:
        case DefineChannel():
            return (
                [] if desk.channels.get(entity) == command.channel else [Emit(entity, ChannelDefined(command.channel))]
            )
        case RemoveChannel():
            return [Emit(entity, ChannelRemoved())] if entity in desk.channels else []
        case DefineRoute():
            return _define_route(desk, entity, command)
        case RemoveRoute():
            return [Emit(entity, RouteRemoved())] if entity in desk.routes else []
        case RaiseAlert():
            same = alert is not None and (alert.title, alert.severity, alert.labels) == (
                command.title,
                command.severity,
                command.labels,
            )
            if alert is not None and same:
                return [Emit(entity, AlertRepeated(alert.count + 1))]
            return [Emit(entity, AlertRaised(command.title, command.severity, command.labels))]
        case ResolveAlert() | AcknowledgeAlert() if alert is None:
            return Refused("unknown_alert", f"there is no open alert {entity}")
        case ResolveAlert() if alert is not None:
            return [Emit(entity, AlertResolved(command.reason, round(now - alert.since, 3)))]
        case AcknowledgeAlert() if alert is not None:
            return [] if alert.acknowledged else [Emit(entity, AlertAcknowledged(command.note))]
        case SilenceAlerts():
            return [Emit(entity, AlertsSilenced(command.labels, now + command.seconds, command.reason))]
        case EndSilence():
            return [Emit(entity, SilenceEnded())] if entity in desk.silences else []
        case DefineHook() | RemoveHook():
            return hooks.decide(desk, entity, command)
        case ReportDelivery():
            return _delivery(desk, entity, command, now)
        case _:
            return []


def _define_route(desk: Desk, entity: str, command: DefineRoute) -> list[Emit] | Refused:
    for path, channel in (("$.channel", command.channel), ("$.escalate_to", command.escalate_to)):
        if channel is not None and channel not in desk.channels:
            return hooks.unknown_channel(channel, path)
    route = RouteDefined(
        channel=command.channel,
        severities=command.severities,
        labels=command.labels,
        wait=command.wait,
        again=command.again,
        escalate_to=command.escalate_to,
        escalate_after=command.escalate_after,
    )
    return [] if desk.routes.get(entity) == route else [Emit(entity, route)]


def _delivery(desk: Desk, entity: str, command: ReportDelivery, now: float) -> list[Emit]:
    """A report of a try that is known already changes nothing."""
    parcel = desk.parcels.get(entity)
    if parcel is None or command.attempt != parcel.attempts + 1:
        return []
    if command.error is None:
        return [Emit(entity, NotificationDelivered(command.attempt))]
    if command.final or command.attempt >= ATTEMPTS:
        return [Emit(entity, NotificationDropped(command.attempt, command.error))]
    wait = min(2.0 ** (command.attempt - 1), LONGEST_RETRY)
    return [Emit(entity, DeliveryFailed(command.attempt, command.error, now + wait))]


# Who is told


def messages(desk: Desk, now: float) -> Iterator[Emit]:
    """What is to be told now."""
    for key in [key for key, queue in desk.queues.items() if _due(desk, key, queue) <= now]:
        queue = desk.queues.get(key)
        route_name = key.partition("/")[0]
        route = desk.routes.get(route_name)
        if queue is None or route is None:
            continue
        fresh = [name for name in queue.raised if not desk.is_silent(name, now)]
        if fresh and now >= _raised_due(queue, route):
            yield _message(desk, key, route.channel, "raised", map(desk.brief, fresh), len(fresh))
        left = [name for name in queue.told if not desk.alerts[name].acknowledged and not desk.is_silent(name, now)]
        if left and now >= _again_due(queue, route):
            yield _message(desk, key, route.channel, "again", map(desk.brief, left), len(left))
        if left and route.escalate_to is not None and now >= _escalation_due(desk, left, queue, route):
            yield _message(desk, key, route.escalate_to, "escalated", map(desk.brief, left), len(left))
        if queue.resolved and now >= queue.told_at + route.wait:
            over = list(queue.resolved.values())
            yield _message(desk, key, route.channel, "resolved", over, len(over))


def next_message(desk: Desk, now: float) -> float | None:
    """When there is something to be told, or a silence ends. What is due and was not told waits for something else."""
    times = [_due(desk, key, queue) for key, queue in desk.queues.items()]
    times += [silence.until for silence in desk.silences.values()]
    return min((time for time in times if now < time < NEVER), default=None)


def _due(desk: Desk, key: str, queue: Queue) -> float:
    """The earliest time at which something of the queue may be told."""
    route = desk.routes.get(key.partition("/")[0])
    never = float("inf")
    if route is None:
        return never
    times = [never]
    if queue.raised:
        times.append(_raised_due(queue, route))
    if queue.told:
        times.append(_again_due(queue, route))
        times.append(_escalation_due(desk, queue.told, queue, route))
    if queue.resolved:
        times.append(queue.told_at + route.wait)
    return min(times)


def _raised_due(queue: Queue, route: RouteDefined) -> float:
    """The first is told soon; those that follow it are gathered for longer."""
    first = next(iter(queue.raised.values())) + route.wait  # they are in the order in which they came
    return max(first, queue.told_at + GAP) if queue.told else first


def _again_due(queue: Queue, route: RouteDefined) -> float:
    return float("inf") if route.again is None else queue.told_at + route.again


def _escalation_due(desk: Desk, names: Iterable[str], queue: Queue, route: RouteDefined) -> float:
    if route.escalate_to is None or queue.escalated:
        return float("inf")
    return min(desk.alerts[name].since for name in names) + route.escalate_after


def _message(desk: Desk, key: str, channel: str, why: Why, briefs: Iterable[AlertBrief], total: int) -> Emit:
    named = list(briefs)
    severity: Severity = max((brief.severity for brief in named), key=lambda severity: _RANK[severity])
    event = NotificationQueued(
        channel=channel,
        queue=key,
        why=why,
        severity=severity,
        total=total,
        alerts=named[:NAMED],
    )
    return Emit(f"notification-{desk.sent + 1}", event)
