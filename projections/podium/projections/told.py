"""Who is told of what, as it is shown: channels, routes, silences, hooks. Pure."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from podium.contracts.alert_queries import ChannelRow, HookRow, RouteRow, SilenceRow
from podium.contracts.alerts import AlertsSilenced, RouteDefined
from podium.contracts.channels import Channel, ChannelDefined, Slack, Webhook
from podium.contracts.hooks import HookDefined

Told = ChannelRow | RouteRow | SilenceRow | HookRow
Defined = ChannelDefined | RouteDefined | AlertsSilenced | HookDefined

_HOST_END: Final = re.compile(r"[/?#\\]")


def row(name: str, event: Defined, at: float, by: str) -> Told:
    """What was defined, when and by whom."""
    match event:
        case ChannelDefined():
            return ChannelRow(name, shown(event.channel), at, by)
        case RouteDefined():
            return RouteRow(
                name,
                event.channel,
                event.severities,
                event.labels,
                event.wait,
                event.again,
                event.escalate_to,
                event.escalate_after,
                at,
                by,
            )
        case AlertsSilenced():
            return SilenceRow(name, event.labels, event.until, event.reason, at, by)
        case HookDefined():
            return HookRow(name, event.channel, event.of, event.endings, event.kinds, at, by)


def shown(channel: Channel) -> Channel:
    """The channel without what would let anyone send by it: of a url only scheme and host are left."""
    match channel:
        case Webhook():
            return replace(channel, url=_host(channel.url))
        case Slack(url=str(url)):
            return replace(channel, url=_host(url))
        case _:
            return channel


def _host(url: str) -> str:
    """`https://user:password@example.org/path?token` → `https://example.org/…`"""
    scheme, _, rest = url.partition("://")
    authority = _HOST_END.split(rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    return f"{scheme}://{host}" if host == rest else f"{scheme}://{host}/…"
