"""`podium alerts`: what is wrong, and who sees to it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Usage, app, run

if TYPE_CHECKING:
    from msgspec import Struct

alerts = App(
    name="alerts",
    help="See what is wrong, and say that you see to it.",
    help_epilogue="""\
Examples:
  podium alerts
  podium alerts --all --json
  podium alerts --messages""",
)
app.command(alerts)


@alerts.default
def show(
    *,
    also_over: Annotated[bool, Parameter(name="--all", negative=())] = False,
    messages: Annotated[bool, Parameter(negative=())] = False,
    limit: int = 50,
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
    limit
        how many
    """
    return run(_show(also_over, messages, limit, json, common))


async def _show(also_over: bool, messages: bool, limit: int, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.health_queries import ListAlerts, ListNotifications

    async with common.client() as client:
        answer: Struct
        if messages:
            answer = await client.query(ListNotifications(limit=limit, fresh=True))
        else:
            answer = await client.query(ListAlerts(open=None if also_over else True, limit=limit, fresh=True))
    if json:
        print(msgspec.json.encode(answer).decode())
    else:
        from . import _tables

        _tables.show(msgspec.to_builtins(answer))
    return Exit.OK


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

    return run(tell_health(common, alert, AcknowledgeAlert(note), "acknowledged"))


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

    return run(tell_health(common, alert, ResolveAlert(reason), "resolved"))


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
    return await tell_health(common, name, SilenceAlerts(chosen, seconds, reason), "silenced")


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

    return run(tell_health(common, name, EndSilence(), "ended"))


async def tell_health(common: Common, entity: str, command: Struct, done: str) -> int:
    """Send health a command, and say what came of it."""
    async with common.client() as client:
        outcome = await client.send("health", entity, command)
    print(f"{done}  {entity}" if outcome.events else f"{entity}: it was so already")
    sys.stdout.flush()
    return Exit.OK
