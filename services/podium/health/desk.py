"""What health folds of alerts: those open, who is told of them, and what has reached whom."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.alerts import (
    AlertAcknowledged,
    AlertBrief,
    AlertEvent,
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
from podium.contracts.channels import Channel, ChannelDefined, ChannelRemoved
from podium.contracts.hooks import HookDefined, HookRemoved, RunEndQueued, TaskEndQueued
from podium.contracts.recovery import Severity

from .ends import End, RunEnd

HOOKED_KEPT: Final = 100_000

KIND: Final = "kind"
"""The label by which alerts are alike."""


class Alert(Struct, frozen=True):
    """A trouble that is there. `by_health`: health itself says when it is over."""

    title: str
    severity: Severity
    labels: dict[str, str]
    since: float
    by_health: bool
    count: int = 1
    acknowledged: bool = False


class Silence(Struct, frozen=True):
    labels: dict[str, str]
    until: float


class Queue(Struct):
    """Alerts of one kind on one route.

    Attributes:
        raised: nobody was told of them yet → since when they are there.
        told: they are open, and somebody was told.
        resolved: somebody was told of them, and they are over.
        told_at: of the newest message.
        escalated: the present trouble was handed on.
    """

    raised: dict[str, float] = {}
    told: dict[str, None] = {}
    resolved: dict[str, AlertBrief] = {}
    told_at: float = 0.0
    escalated: bool = False


class Parcel(Struct, frozen=True):
    """A notification that has not reached its channel; `attempts`: how many tries have failed."""

    channel: str
    attempts: int = 0


class Hook(Struct, frozen=True):
    """What a channel is told of tasks or runs that end after `since`."""

    hook: HookDefined
    since: float


class Desk(Struct):
    """Changed by `fold` alone.

    Attributes:
        queues: by `route/kind`.
        parcels: notifications that are under way.
        sent: how many notifications there were.
        hooked: `hook/task`, or `hook/run/run` → when it ended, of the newest that were told of; `floor`: of the last
            one forgotten.
    """

    channels: dict[str, Channel] = {}
    routes: dict[str, RouteDefined] = {}
    silences: dict[str, Silence] = {}
    alerts: dict[str, Alert] = {}
    queues: dict[str, Queue] = {}
    parcels: dict[str, Parcel] = {}
    sent: int = 0
    hooks: dict[str, Hook] = {}
    hooked: dict[str, float] = {}
    floor: float = 0.0

    def fold(self, entity: str, event: AlertEvent, at: float, *, by_health: bool) -> None:
        match event:
            case ChannelDefined():
                self.channels[entity] = event.channel
            case ChannelRemoved():
                self.channels.pop(entity, None)
                self.parcels = {name: parcel for name, parcel in self.parcels.items() if parcel.channel != entity}
            case RouteDefined():
                self.routes[entity] = event
                for name in self.alerts:
                    self._enqueue(entity, name, at)
            case RouteRemoved():
                self.routes.pop(entity, None)
                self.queues = {key: queue for key, queue in self.queues.items() if not key.startswith(f"{entity}/")}
            case AlertRaised():
                self.alerts[entity] = Alert(event.title, event.severity, event.labels, at, by_health)
                for route in self.routes:
                    self._enqueue(route, entity, at)
            case AlertRepeated() if entity in self.alerts:
                self.alerts[entity] = replace(self.alerts[entity], count=event.count)
            case AlertAcknowledged() if entity in self.alerts:
                self.alerts[entity] = replace(self.alerts[entity], acknowledged=True)
            case AlertResolved():
                self._resolve(entity)
            case AlertsSilenced():
                self.silences[entity] = Silence(event.labels, event.until)
            case SilenceEnded():
                self.silences.pop(entity, None)
            case NotificationQueued():
                self._send(entity, event, at)
            case HookDefined():
                self.hooks[entity] = Hook(event, at)
            case HookRemoved():
                self.hooks.pop(entity, None)
            case TaskEndQueued() | RunEndQueued():
                self._hook(entity, event)
            case DeliveryFailed() if entity in self.parcels:
                self.parcels[entity] = replace(self.parcels[entity], attempts=event.attempt)
            case NotificationDelivered() | NotificationDropped():
                self.parcels.pop(entity, None)
            case _:
                pass

    def brief(self, name: str) -> AlertBrief:
        alert = self.alerts[name]
        return AlertBrief(name, alert.title, alert.severity, alert.labels, alert.count)

    def is_silent(self, name: str, now: float) -> bool:
        labels = self.alerts[name].labels
        return any(
            silence.until > now and silence.labels.items() <= labels.items() for silence in self.silences.values()
        )

    def is_wanted(self, name: str, end: End) -> bool:
        """Whether the hook is for such an end, and has not been told of it."""
        known = self.hooks[name]
        hook = known.hook
        fits = (
            (hook.of == "runs") == isinstance(end, RunEnd)
            and (not hook.endings or end.ending in hook.endings)
            and (not hook.kinds or end.kind in hook.kinds)
        )
        return fits and end.at > max(known.since, self.floor) and _told(name, end) not in self.hooked

    def _hook(self, entity: str, event: TaskEndQueued | RunEndQueued) -> None:
        self.sent += 1
        self.parcels[entity] = Parcel(event.channel)
        self.hooked[_told(event.hook, event)] = event.ended_at
        if len(self.hooked) > HOOKED_KEPT:
            self.floor = max(self.floor, self.hooked.pop(next(iter(self.hooked))))

    def _enqueue(self, route_name: str, name: str, at: float) -> None:
        route, alert = self.routes[route_name], self.alerts[name]
        if route.severities and alert.severity not in route.severities:
            return
        if not route.labels.items() <= alert.labels.items():
            return
        queue = self.queues.setdefault(f"{route_name}/{alert.labels.get(KIND, name)}", Queue())
        queue.resolved.pop(name, None)
        queue.told.pop(name, None)
        queue.raised.setdefault(name, at)

    def _resolve(self, name: str) -> None:
        if name not in self.alerts:
            return
        brief = self.brief(name)
        del self.alerts[name]
        for key, queue in list(self.queues.items()):
            queue.raised.pop(name, None)
            if name in queue.told:
                del queue.told[name]
                queue.resolved[name] = brief
            if not queue.raised and not queue.told:
                queue.escalated = False
                if not queue.resolved:
                    del self.queues[key]

    def _send(self, entity: str, event: NotificationQueued, at: float) -> None:
        self.sent += 1
        self.parcels[entity] = Parcel(event.channel)
        queue = self.queues.get(event.queue)
        if queue is None:
            return
        match event.why:
            case "raised":
                queue.told |= dict.fromkeys(name for name in queue.raised if not self.is_silent(name, at))
                queue.raised = {name: since for name, since in queue.raised.items() if name not in queue.told}
                queue.told_at = at
            case "again":
                queue.told_at = at
            case "escalated":
                queue.escalated = True
            case "resolved":
                queue.resolved = {}
                if not queue.raised and not queue.told:
                    del self.queues[event.queue]


def _told(hook: str, end: End | TaskEndQueued | RunEndQueued) -> str:
    """What a hook was told of; a run may have the name of a task."""
    return f"{hook}/run/{end.run}" if isinstance(end, RunEnd | RunEndQueued) else f"{hook}/{end.task}"
