"""Health's words to people: alerts, who is told of them and how, and whether that has reached them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from .channels import ChannelCommand, ChannelEvent
from .envelope import Command, Event
from .hooks import HookCommand, HookEvent
from .names import Name, RecordedName, Text
from .recovery import Seconds, Severity

Labels = dict[Name, Annotated[str, Meta(max_length=256)]]
"""What an alert is about: `kind`, `scope`, `name`, and more."""

Reason = Annotated[str, Meta(min_length=1, max_length=4096)]


# Commands


class DefineRoute(Command, frozen=True, tag="define_route"):
    """Which alerts go to which channel. The entity is the route; an alert goes by every route that fits it.

    Attributes:
        severities, labels: all if none are named; a label must have just that value.
        wait: seconds in which like alerts are gathered before they are sent together.
        again: seconds until alerts that are still open are told again; None for never.
        escalate_to, escalate_after: a channel that is told when nobody has acknowledged for so many seconds.
    """

    channel: Name
    severities: list[Severity] = field(default_factory=list[Severity])
    labels: Labels = field(default_factory=dict[str, str])
    wait: Annotated[float, Meta(ge=0.0, le=3600.0)] = 5.0
    again: Seconds | None = 3600.0
    escalate_to: Name | None = None
    escalate_after: Seconds = 900.0


class RemoveRoute(Command, frozen=True, tag="remove_route"):
    """Alerts go by it no more."""


class RaiseAlert(Command, frozen=True, tag="raise_alert"):
    """Something is wrong, says whoever sends this. The entity names the trouble: raised again, it is the same alert."""

    title: Annotated[str, Meta(min_length=1, max_length=1024)]
    severity: Severity = "warning"
    labels: Labels = field(default_factory=dict[str, str])


class ResolveAlert(Command, frozen=True, tag="resolve_alert"):
    """The trouble is over."""

    reason: Reason


class AcknowledgeAlert(Command, frozen=True, tag="acknowledge_alert"):
    """Somebody sees to it: it is neither told again nor escalated."""

    note: Text = ""


class SilenceAlerts(Command, frozen=True, tag="silence_alerts"):
    """Nobody is told of alerts with these labels for so long. The entity names the silence."""

    labels: Annotated[Labels, Meta(min_length=1)]
    seconds: Seconds
    reason: Reason


class EndSilence(Command, frozen=True, tag="end_silence"):
    """They are told of again."""


class ReportDelivery(Command, frozen=True, tag="report_delivery"):
    """What became of one try to deliver the notification that the entity names; sent by the notifier.

    Attributes:
        error: None if it was delivered.
        final: it makes no sense to try again.
    """

    attempt: Annotated[int, Meta(ge=1)]
    error: Text | None = None
    final: bool = False


AlertCommand = (
    ChannelCommand
    | DefineRoute
    | RemoveRoute
    | RaiseAlert
    | ResolveAlert
    | AcknowledgeAlert
    | SilenceAlerts
    | EndSilence
    | HookCommand
    | ReportDelivery
)


# Events


class RouteDefined(Event, frozen=True, kw_only=True, tag="route_defined"):
    """The fields are the route's."""

    channel: RecordedName
    severities: list[Severity]
    labels: dict[str, str]
    wait: float
    again: float | None
    escalate_to: RecordedName | None
    escalate_after: float


class RouteRemoved(Event, frozen=True, tag="route_removed"):
    """Alerts go by it no more."""


class AlertRaised(Event, frozen=True, tag="alert_raised"):
    """A trouble has begun. The entity is the alert: the same trouble has the same name."""

    title: str
    severity: Severity
    labels: dict[str, str]


class AlertRepeated(Event, frozen=True, tag="alert_repeated"):
    """It was raised again while it was open; `count`: how often by now."""

    count: int


class AlertResolved(Event, frozen=True, tag="alert_resolved"):
    """The trouble is over; `after`: seconds that it lasted."""

    reason: str
    after: float


class AlertAcknowledged(Event, frozen=True, tag="alert_acknowledged"):
    """Somebody, the actor, sees to it."""

    note: str = ""


class AlertsSilenced(Event, frozen=True, tag="alerts_silenced"):
    """`until`: seconds since the epoch, UTC."""

    labels: dict[str, str]
    until: float
    reason: str


class SilenceEnded(Event, frozen=True, tag="silence_ended"):
    """They are told of again."""


Why = Literal["raised", "again", "escalated", "resolved"]


class AlertBrief(Struct, frozen=True, omit_defaults=True):
    """An alert as a notification names it."""

    alert: RecordedName
    title: str
    severity: Severity
    labels: dict[str, str]
    count: int = 1


class NotificationQueued(Event, frozen=True, kw_only=True, tag="notification_queued"):
    """One message for one channel about alerts that are alike. The entity is the notification.

    Attributes:
        queue: `<route>/<kind>`.
        why: `raised`, `again`, `escalated` or `resolved`.
        total: how many alerts it is about; the first of them are named.
    """

    channel: RecordedName
    queue: str
    why: Why
    severity: Severity
    total: int
    alerts: list[AlertBrief]


class DeliveryFailed(Event, frozen=True, tag="delivery_failed"):
    """`retry_at`: seconds since the epoch, UTC."""

    attempt: int
    error: str
    retry_at: float


class NotificationDelivered(Event, frozen=True, tag="notification_delivered"):
    """The receiver has taken it."""

    attempt: int


class NotificationDropped(Event, frozen=True, tag="notification_dropped"):
    """It is given up, and kept here: the dead letter."""

    attempt: int
    error: str


AlertEvent = (
    ChannelEvent
    | RouteDefined
    | RouteRemoved
    | AlertRaised
    | AlertRepeated
    | AlertResolved
    | AlertAcknowledged
    | AlertsSilenced
    | SilenceEnded
    | NotificationQueued
    | HookEvent
    | DeliveryFailed
    | NotificationDelivered
    | NotificationDropped
)
