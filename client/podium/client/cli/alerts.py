"""`podium alerts`: what is wrong, who sees to it, and who is told."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from ._app import Common, Json, Limit, Usage, app, run
from ._saying import ask, send

alerts = App(
    name="alerts",
    help="See what is wrong, and say that you see to it.",
    help_epilogue="""\
Examples:
  podium alerts
  podium alerts --all --json
  podium alerts --messages
  podium alerts channels""",
)
app.command(alerts)


@alerts.default
def show(
    *,
    also_over: Annotated[bool, Parameter(name="--all", negative=())] = False,
    messages: Annotated[bool, Parameter(negative=())] = False,
    limit: Limit = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List the alerts that are open, the newest first.

    Parameters
    ----------
    also_over
        those that are over as well
    messages
        the messages about alerts instead, and what became of each
    """
    from podium.contracts.alert_queries import ListAlerts, ListNotifications

    if messages:
        return run(ask(common, ListNotifications(limit=limit, fresh=True), json))
    return run(ask(common, ListAlerts(open=None if also_over else True, limit=limit, fresh=True), json))


@alerts.command(
    help_epilogue="""\
Examples:
  podium alerts channels
  podium alerts channels --json | jq '.channels[].settings'

A channel is defined with
  podium send health pager define_channel '{"channel": {"kind": "webhook", "url": "https://…"}}'.""",
)
def channels(*, limit: Limit = 50, json: Json = False, common: Common = Common()) -> int:
    """List the channels by which people and programs are told, the newest first; of urls only the host is shown."""
    from podium.contracts.alert_queries import ListChannels

    return run(ask(common, ListChannels(limit=limit, fresh=True), json))


@alerts.command(
    help_epilogue="""\
Examples:
  podium alerts routes
  podium alerts routes --json

A route is defined with podium send health urgent define_route '{"channel": "pager", "severities": ["critical"]}'.""",
)
def routes(*, limit: Limit = 50, json: Json = False, common: Common = Common()) -> int:
    """List the routes: which alerts go to which channel, the newest first."""
    from podium.contracts.alert_queries import ListRoutes

    return run(ask(common, ListRoutes(limit=limit, fresh=True), json))


@alerts.command(
    help_epilogue="""\
Examples:
  podium alerts silences
  podium alerts silences --json""",
)
def silences(*, limit: Limit = 50, json: Json = False, common: Common = Common()) -> int:
    """List the silences that last, the one that ends last first."""
    from podium.contracts.alert_queries import ListSilences

    return run(ask(common, ListSilences(limit=limit, fresh=True), json))


@alerts.command(
    help_epilogue="""\
Example:
  podium alerts ack disk-1 --note "I am on it" --as ada""",
)
def ack(alert: str, /, *, note: str = "", common: Common = Common()) -> int:
    """Say that you see to an alert: nobody is told again.

    Parameters
    ----------
    alert
        its name
    note
        for the others
    """
    from podium.contracts.alerts import AcknowledgeAlert

    return run(send(common, "health", alert, AcknowledgeAlert(note), "acknowledged"))


@alerts.command(
    help_epilogue="""\
Example:
  podium alerts resolve disk-1 --reason "cleaned up\"""",
)
def resolve(alert: str, /, *, reason: str, common: Common = Common()) -> int:
    """Say that the trouble is over.

    Parameters
    ----------
    alert
        its name
    reason
        for the log
    """
    from podium.contracts.alerts import ResolveAlert

    return run(send(common, "health", alert, ResolveAlert(reason), "resolved"))


@alerts.command(
    help_epilogue="""\
Example:
  podium alerts silence moving name=echo-1 --seconds 3600 --reason "it moves to another room\"""",
)
def silence(name: str, /, *labels: str, seconds: float, reason: str, common: Common = Common()) -> int:
    """Tell nobody of alerts with these labels for a while.

    Parameters
    ----------
    name
        of the silence
    labels
        label=value; all of them must fit
    seconds
        for so long
    reason
        for the others
    """
    return run(_silence(common, name, labels, seconds, reason))


async def _silence(common: Common, name: str, labels: tuple[str, ...], seconds: float, reason: str) -> int:
    from podium.contracts.alerts import SilenceAlerts

    if not labels:
        raise Usage("name the alerts by label=value, such as name=echo-1")
    for label in labels:
        if not label.partition("=")[1]:
            raise Usage(f"{label} is not label=value")
    chosen = {label.partition("=")[0]: label.partition("=")[2] for label in labels}
    return await send(common, "health", name, SilenceAlerts(chosen, seconds, reason), "silenced")


@alerts.command(
    help_epilogue="""\
Example:
  podium alerts unsilence moving""",
)
def unsilence(name: str, /, *, common: Common = Common()) -> int:
    """End a silence before its time.

    Parameters
    ----------
    name
        of the silence
    """
    from podium.contracts.alerts import EndSilence

    return run(send(common, "health", name, EndSilence(), "ended"))
