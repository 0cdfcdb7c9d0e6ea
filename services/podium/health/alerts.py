"""What people are told of, when, and how often; and what becomes of each message. Pure.

One trouble is one alert, and alerts of one kind on one route are one message: a storm of ten thousand is a handful.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
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
    ChannelDefined,
    ChannelRemoved,
    DefineChannel,
    DefineHook,
    DefineRoute,
    DeliveryFailed,
    EndSilence,
    HookDefined,
    HookRemoved,
    NotificationDelivered,
    NotificationDropped,
    NotificationQueued,
    RaiseAlert,
    RemoveChannel,
    RemoveHook,
    RemoveRoute,
    ReportDelivery,
    ResolveAlert,
    RouteDefined,
    RouteRemoved,
    SilenceAlerts,
    SilenceEnded,
    TaskEndQueued,
    Why,
)
from podium.contracts.outcomes import Refused
from podium.contracts.predictions import Measure
from podium.contracts.recovery import Severity
from podium.kernel.decider import Emit
from podium.kernel.timers import NEVER

from .book import Book
from .desk import KIND, Desk, Queue
from .foresight import FORESEEN
from .parts import Parts

NAMED: Final = 20
"""Alerts that a message names; of the rest it has the number."""

GAP: Final = 60.0
"""Seconds between two messages about alerts of one kind, at the least."""

ATTEMPTS: Final = 8
LONGEST_RETRY: Final = 300.0

_RANK: Final[dict[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}

Trouble = tuple[str, Severity, dict[str, str]]
"""Title, severity, labels."""


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
        case DefineHook():
            return _define_hook(desk, entity, command)
        case RemoveHook():
            return [Emit(entity, HookRemoved())] if entity in desk.hooks else []
        case ReportDelivery():
            return _delivery(desk, entity, command, now)
        case _:
            return []


def _define_route(desk: Desk, entity: str, command: DefineRoute) -> list[Emit] | Refused:
    for path, channel in (("$.channel", command.channel), ("$.escalate_to", command.escalate_to)):
        if channel is not None and channel not in desk.channels:
            return Refused("unknown_channel", f"{path}: there is no channel {channel}", {"path": path})
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


def _define_hook(desk: Desk, entity: str, command: DefineHook) -> list[Emit] | Refused:
    if command.channel not in desk.channels:
        message = f"$.channel: there is no channel {command.channel}"
        return Refused("unknown_channel", message, {"path": "$.channel"})
    hook, known = HookDefined(command.channel, command.endings, command.kinds), desk.hooks.get(entity)
    return [] if known is not None and known.hook == hook else [Emit(entity, hook)]


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


# What health itself sees


def troubles(book: Book, drifts: Iterable[tuple[str, Measure]]) -> dict[str, Trouble]:
    """Alert → what is wrong, of all that health sees now."""
    found: dict[str, Trouble] = {}
    for kind, measure in drifts:
        labels = {KIND: "drift", "scope": "kind", "name": kind, "measure": measure}
        found[_name("drift", measure, kind)] = (f"{measure} of {kind} is not what it was", "warning", labels)
    for agent, standing in book.standings.items():
        if standing.lost_at is not None:
            labels = {KIND: "agent_lost", "scope": "agent", "name": agent}
            found[_name("agent_lost", agent)] = (f"agent {agent} is lost", "warning", labels)
    for (scope, name, metric), level in book.crossed.items():
        labels = {KIND: metric, "scope": scope, "name": name}
        whom = "everything" if scope == "all" else f"{scope} {name}"
        found[_name(metric, scope, name)] = (f"{metric} of {whom} is beyond its limit", level, labels)
    for (scope, name, cause), hold in book.holds.items():
        if cause in ("breaker", "emergency"):
            severity: Severity = "critical" if cause == "emergency" else "warning"
            labels = {KIND: cause, "scope": scope, "name": name}
            found[_name(cause, scope, name)] = (f"{scope} {name} is held: {hold.reason}", severity, labels)
    for recovery, (severity, message) in book.escalations.items():
        labels = {KIND: "recovery", "scope": "recovery", "name": recovery}
        found[_name("recovery", recovery)] = (f"{recovery}: {message}", severity, labels)
    return found


def reconcile(book: Book, drifts: Iterable[tuple[str, Measure]], now: float) -> Iterator[Emit]:
    """Each trouble has its alert, and each of health's own alerts its trouble."""
    wanted, desk = troubles(book, drifts), book.desk
    for name, (title, severity, labels) in wanted.items():
        alert = desk.alerts.get(name)
        if alert is None or (alert.by_health and alert.severity != severity):
            yield Emit(name, AlertRaised(title, severity, labels))
    for name, alert in list(desk.alerts.items()):
        if alert.by_health and name not in wanted and alert.labels.get(KIND) not in FORESEEN:
            yield Emit(name, AlertResolved("it is so no more", round(max(0.0, now - alert.since), 3)))


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


def ends(parts: Parts, desk: Desk) -> Iterator[Emit]:
    """Tasks that have ended, for the hooks that want to know: each once."""
    if not desk.hooks:
        parts.ends.clear()
    while parts.ends:
        end = parts.ends[0]
        for name in list(desk.hooks):
            if desk.is_wanted(name, end):
                event = TaskEndQueued(
                    channel=desk.hooks[name].hook.channel,
                    hook=name,
                    task=end.task,
                    ending=end.ending,
                    kind=end.kind,
                    ended_at=end.at,
                    agent=end.agent,
                    code=end.code,
                )
                yield Emit(f"notification-{desk.sent + 1}", event)
        parts.ends.popleft()


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
    first = min(queue.raised.values()) + route.wait
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


def _name(*parts: str) -> str:
    """A name that is the same for the same trouble, however long the names in it are."""
    digest = blake2b("/".join(parts).encode(), digest_size=6).hexdigest()
    return f"{parts[0]}-{digest}"
