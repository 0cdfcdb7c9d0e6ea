"""Answers about alerts, and about who is told of what."""

from __future__ import annotations

from itertools import takewhile

from podium.contracts.alert_queries import (
    AlertAnswer,
    AlertRow,
    AlertsAnswer,
    ChannelRow,
    ChannelsAnswer,
    GetAlert,
    HookRow,
    HooksAnswer,
    ListAlerts,
    ListChannels,
    ListHooks,
    ListNotifications,
    ListRoutes,
    ListSilences,
    NotificationRow,
    NotificationsAnswer,
    RouteRow,
    RoutesAnswer,
    SilenceRow,
    SilencesAnswer,
)

from .answer_health import page_of
from .sources import Failed, Sources


async def list_alerts(sources: Sources, query: ListAlerts) -> AlertsAnswer:
    rows, cursor, positions = await page_of(sources, AlertRow, query, is_open=query.open)
    return AlertsAnswer(positions=positions, alerts=rows, next=cursor)


async def get_alert(sources: Sources, query: GetAlert) -> AlertAnswer:
    found, positions = await sources.view(lambda view: view.health.find(view.connection, AlertRow, query.alert))
    if found is None:
        raise Failed("not_found", f"there is no alert {query.alert}")
    return AlertAnswer(positions=positions, alert=found)


async def list_notifications(sources: Sources, query: ListNotifications) -> NotificationsAnswer:
    rows, cursor, positions = await page_of(sources, NotificationRow, query, is_open=query.open)
    return NotificationsAnswer(positions=positions, notifications=rows, next=cursor)


async def list_channels(sources: Sources, query: ListChannels) -> ChannelsAnswer:
    rows, cursor, positions = await page_of(sources, ChannelRow, query, is_open=True)
    return ChannelsAnswer(positions=positions, channels=rows, next=cursor)


async def list_routes(sources: Sources, query: ListRoutes) -> RoutesAnswer:
    rows, cursor, positions = await page_of(sources, RouteRow, query, is_open=True)
    return RoutesAnswer(positions=positions, routes=rows, next=cursor)


async def list_silences(sources: Sources, query: ListSilences) -> SilencesAnswer:
    """They come in the order of their ends, so those that last are the first."""
    rows, cursor, positions = await page_of(sources, SilenceRow, query, is_open=True)
    now = sources.now()
    lasting = list(takewhile(lambda silence: silence.until > now, rows))
    return SilencesAnswer(positions=positions, silences=lasting, next=cursor if len(lasting) == len(rows) else None)


async def list_hooks(sources: Sources, query: ListHooks) -> HooksAnswer:
    rows, cursor, positions = await page_of(sources, HookRow, query, is_open=True)
    return HooksAnswer(positions=positions, hooks=rows, next=cursor)
