"""What may be asked about alerts, and about who is told of what, and the answers.

Times are seconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from .alerts import Why
from .channels import Channel
from .hooks import Ending, Hooked
from .names import Name
from .query import Answer, ListOpen, ListPages, Page, Query
from .recovery import Severity


class AlertRow(Struct, omit_defaults=True):
    """An alert.

    Attributes:
        by: who raised it: the principal, or health itself.
        acknowledged_by, note: who sees to it.
        resolved_at, reason: of one that is over.
    """

    alert: str
    title: str
    severity: Severity
    labels: dict[str, str]
    since: float
    by: str
    count: int = 1
    acknowledged_by: str | None = None
    note: str = ""
    resolved_at: float | None = None
    reason: str = ""


class NotificationRow(Struct, omit_defaults=True):
    """A message and what became of it; `attempts`: how many tries there were, `error`: of the last that failed.

    `alerts` names what it is about: alerts, or the task or run that has `ended`.
    """

    notification: str
    channel: str
    why: Why | Literal["ended"]
    severity: Severity
    total: int
    alerts: list[str]
    queued_at: float
    state: Literal["waiting", "delivered", "dropped"] = "waiting"
    attempts: int = 0
    error: str = ""
    retry_at: float | None = None


class ChannelRow(Struct, omit_defaults=True):
    """A way by which people and programs are told; `since` when, and by whom it was defined.

    Attributes:
        settings: as in `define_channel`; of a url only scheme and host, since the rest may let anyone send by it.
    """

    channel: str
    settings: Channel
    since: float
    by: str


class RouteRow(Struct, omit_defaults=True):
    """Which alerts go to which channel; the fields are those of `define_route`."""

    route: str
    channel: str
    severities: list[Severity]
    labels: dict[str, str]
    wait: float
    again: float | None
    escalate_to: str | None
    escalate_after: float
    since: float
    by: str


class SilenceRow(Struct, omit_defaults=True):
    """Of alerts with all these labels nobody is told until then."""

    silence: str
    labels: dict[str, str]
    until: float
    reason: str
    since: float
    by: str


class HookRow(Struct, omit_defaults=True):
    """A channel that is told when tasks or runs end; the fields are those of `define_hook`."""

    hook: str
    channel: str
    of: Hooked
    endings: list[Ending]
    kinds: list[str]
    since: float
    by: str


class AlertsAnswer(Page, frozen=True, kw_only=True):
    alerts: list[AlertRow]


class ListAlerts(ListOpen, frozen=True, kw_only=True):
    """Newest first."""

    wire = "alerts.list"
    answer = AlertsAnswer

    open: bool | None = True


class AlertAnswer(Answer, frozen=True, kw_only=True):
    alert: AlertRow


class GetAlert(Query, frozen=True, kw_only=True):
    """One alert, also if it is over."""

    wire = "alerts.get"
    answer = AlertAnswer

    alert: Name


class NotificationsAnswer(Page, frozen=True, kw_only=True):
    notifications: list[NotificationRow]


class ListNotifications(ListOpen, frozen=True, kw_only=True):
    """Newest first; those that are open still wait, the others have arrived or were dropped."""

    wire = "notifications.list"
    answer = NotificationsAnswer


class ChannelsAnswer(Page, frozen=True, kw_only=True):
    channels: list[ChannelRow]


class ListChannels(ListPages, frozen=True, kw_only=True):
    """Channels that are defined, newest first; what is secret of them is not told."""

    wire = "channels.list"
    answer = ChannelsAnswer


class RoutesAnswer(Page, frozen=True, kw_only=True):
    routes: list[RouteRow]


class ListRoutes(ListPages, frozen=True, kw_only=True):
    """Routes that are defined, newest first."""

    wire = "routes.list"
    answer = RoutesAnswer


class SilencesAnswer(Page, frozen=True, kw_only=True):
    silences: list[SilenceRow]


class ListSilences(ListPages, frozen=True, kw_only=True):
    """Silences that last, the one that ends last first."""

    wire = "silences.list"
    answer = SilencesAnswer


class HooksAnswer(Page, frozen=True, kw_only=True):
    hooks: list[HookRow]


class ListHooks(ListPages, frozen=True, kw_only=True):
    """Hooks that are defined, newest first."""

    wire = "hooks.list"
    answer = HooksAnswer


QUERIES: Final = (ListAlerts, GetAlert, ListNotifications, ListChannels, ListRoutes, ListSilences, ListHooks)
