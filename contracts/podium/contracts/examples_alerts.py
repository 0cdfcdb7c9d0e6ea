"""Examples of health's words to people."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import alert_queries, alerts, channels, hooks
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0
_LABELS: Final = {"kind": "disk", "scope": "agent", "name": "echo-1"}
_BRIEF: Final = alerts.AlertBrief("disk-echo-1", "the disk is nearly full", "critical", _LABELS, count=3)
_EMAIL: Final = channels.Email(
    host="mail.example.org", sender="podium@example.org", to=["ops@example.org"], port=587, starttls=True
)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "pager", channels.DefineChannel(channels.Webhook("https://example.org/podium", "PAGER"))),
    ("ops", "pager", channels.RemoveChannel()),
    (
        "ops",
        "to-pager",
        alerts.DefineRoute("pager", severities=["critical"], labels={"kind": "disk"}, escalate_to="mail"),
    ),
    ("ops", "to-pager", alerts.RemoveRoute()),
    ("ops", "disk-echo-1", alerts.RaiseAlert("the disk is nearly full", "critical", _LABELS)),
    ("ops", "disk-echo-1", alerts.ResolveAlert("cleaned up")),
    ("ops", "disk-echo-1", alerts.AcknowledgeAlert("I am on it")),
    ("ops", "moving", alerts.SilenceAlerts({"name": "echo-1"}, 3600.0, "it moves to another room")),
    ("ops", "moving", alerts.EndSilence()),
    ("ops", "done", hooks.DefineHook("pager", endings=["completed", "failed"], kinds=["echo"])),
    ("ops", "night", hooks.DefineHook("pager", endings=["failed"], kinds=["nightly"], of="runs")),
    ("ops", "done", hooks.RemoveHook()),
    ("notifier", "notification-1", alerts.ReportDelivery(1, error="connection refused")),
)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("health", "mail", "ops", channels.ChannelDefined(_EMAIL)),
    ("health", "mail", "ops", channels.ChannelRemoved()),
    (
        "health",
        "to-pager",
        "ops",
        alerts.RouteDefined(
            channel="pager",
            severities=["critical"],
            labels={"kind": "disk"},
            wait=5.0,
            again=3600.0,
            escalate_to="mail",
            escalate_after=900.0,
        ),
    ),
    ("health", "to-pager", "ops", alerts.RouteRemoved()),
    ("health", "disk-echo-1", "ops", alerts.AlertRaised("the disk is nearly full", "critical", _LABELS)),
    ("health", "disk-echo-1", "ops", alerts.AlertRepeated(3)),
    ("health", "disk-echo-1", "ops", alerts.AlertResolved("cleaned up", 61.5)),
    ("health", "disk-echo-1", "ops", alerts.AlertAcknowledged("I am on it")),
    ("health", "moving", "ops", alerts.AlertsSilenced({"name": "echo-1"}, _NOW + 3600, "it moves")),
    ("health", "moving", "ops", alerts.SilenceEnded()),
    (
        "health",
        "notification-1",
        "health",
        alerts.NotificationQueued(
            channel="pager", queue="to-pager/disk", why="raised", severity="critical", total=1, alerts=[_BRIEF]
        ),
    ),
    ("health", "done", "ops", hooks.HookDefined("pager", ["completed", "failed"], ["echo"])),
    ("health", "done", "ops", hooks.HookRemoved()),
    (
        "health",
        "notification-2",
        "health",
        hooks.TaskEndQueued(
            channel="pager",
            hook="done",
            task="t1",
            ending="failed",
            kind="echo",
            ended_at=_NOW,
            agent="echo-1",
            code="no_echo",
        ),
    ),
    (
        "health",
        "notification-3",
        "health",
        hooks.RunEndQueued(
            channel="pager",
            hook="night",
            run="nightly-1",
            ending="failed",
            workflow="nightly",
            ended_at=_NOW,
            duration=61.5,
            code="no_echo",
            step="count",
            parent="import-1",
        ),
    ),
    ("health", "notification-1", "notifier", alerts.DeliveryFailed(1, "connection refused", _NOW + 1)),
    ("health", "notification-1", "notifier", alerts.NotificationDelivered(2)),
    ("health", "notification-1", "notifier", alerts.NotificationDropped(8, "connection refused")),
)

_POSITIONS: Final = {"podium-events-health": 3}
_ROW: Final = alert_queries.AlertRow(
    "disk-echo-1", "the disk is nearly full", "critical", _LABELS, _NOW, "ops", 3, acknowledged_by="ada"
)
_NOTIFICATION: Final = alert_queries.NotificationRow(
    "notification-1",
    "pager",
    "raised",
    "critical",
    1,
    ["disk-echo-1"],
    _NOW,
    attempts=1,
    error="connection refused",
    retry_at=_NOW + 1,
)

_CHANNEL: Final = alert_queries.ChannelRow(
    "pager", channels.Webhook("https://example.org/…", "PAGER"), since=_NOW, by="ops"
)
_ROUTE: Final = alert_queries.RouteRow(
    "to-pager", "pager", ["critical"], {"kind": "disk"}, 5.0, 3600.0, "mail", 900.0, since=_NOW, by="ops"
)
_SILENCE: Final = alert_queries.SilenceRow(
    "moving", {"name": "echo-1"}, _NOW + 3600, "it moves to another room", since=_NOW, by="ops"
)
_HOOK: Final = alert_queries.HookRow("done", "pager", "tasks", ["completed", "failed"], ["echo"], since=_NOW, by="ops")

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    alert_queries.ListAlerts: (
        alert_queries.ListAlerts(limit=10),
        alert_queries.AlertsAnswer(positions=_POSITIONS, alerts=[_ROW]),
    ),
    alert_queries.GetAlert: (
        alert_queries.GetAlert(alert="disk-echo-1"),
        alert_queries.AlertAnswer(positions=_POSITIONS, alert=_ROW),
    ),
    alert_queries.ListNotifications: (
        alert_queries.ListNotifications(open=True),
        alert_queries.NotificationsAnswer(positions=_POSITIONS, notifications=[_NOTIFICATION]),
    ),
    alert_queries.ListChannels: (
        alert_queries.ListChannels(fresh=True),
        alert_queries.ChannelsAnswer(positions=_POSITIONS, channels=[_CHANNEL]),
    ),
    alert_queries.ListRoutes: (
        alert_queries.ListRoutes(limit=10),
        alert_queries.RoutesAnswer(positions=_POSITIONS, routes=[_ROUTE]),
    ),
    alert_queries.ListSilences: (
        alert_queries.ListSilences(),
        alert_queries.SilencesAnswer(positions=_POSITIONS, silences=[_SILENCE]),
    ),
    alert_queries.ListHooks: (
        alert_queries.ListHooks(),
        alert_queries.HooksAnswer(positions=_POSITIONS, hooks=[_HOOK]),
    ),
}
