"""`podium negotiate`: offers in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from . import _decisions as decisions
from ._app import Common, app, guarded, run

if TYPE_CHECKING:
    from msgspec import Struct

    from podium.contracts.negotiation_queries import NegotiationRow

negotiate = App(name="negotiate", help="Let parties negotiate, make and answer offers, put jobs out to tender.")
app.command(negotiate)


@negotiate.command(
    name="open",
    help_epilogue="""\
Example, with deal.yaml:
  about: the job
  issues: {price: [low, high], time: [week, month]}
  parties:
    ann: {values: {price: {high: 1}, time: {month: 1}}, weights: {price: 2, time: 1}, strategy: linear}
    bob: {values: {price: {low: 1}, time: {week: 1}}, reservation: 0.2}
  rounds: 10
  mediator: true

  podium negotiate open deal deal.yaml""",
)
def open_negotiation(negotiation: str, file: str, /, *, common: Common = Common()) -> int:
    """Open a negotiation. A party with a strategy (boulware, linear, conceder) is played by podium.

    Parameters
    ----------
    negotiation
        its name
    file
        YAML or JSON with about, issues, parties, and rounds, deadline, turn_seconds, mediator; - for standard input
    """

    def command() -> int:
        body = decisions.body(file)
        return run(decisions.send(common, negotiation, ("open_negotiation", body), "opened"))

    return guarded(command)


@negotiate.command(help_epilogue="Example:\n  podium negotiate offer deal price=low time=month --as bob")
def offer(negotiation: str, /, *values: str, common: Common = Common()) -> int:
    """Make an offer instead of the one that stands.

    Parameters
    ----------
    negotiation
        its name
    values
        issue=value, for every issue
    """

    def command() -> int:
        chosen = decisions.pairs(values)
        return run(decisions.send(common, negotiation, ("make_offer", {"offer": chosen}), "offered"))

    return guarded(command)


@negotiate.command(help_epilogue="Example:\n  podium negotiate accept deal --as bob")
def accept(negotiation: str, /, *, common: Common = Common()) -> int:
    """Accept the offer that stands.

    Parameters
    ----------
    negotiation
        its name
    """
    return run(decisions.send(common, negotiation, ("accept_offer", {}), "accepted"))


@negotiate.command(help_epilogue="Example:\n  podium negotiate reject deal --as bob")
def reject(negotiation: str, /, *, common: Common = Common()) -> int:
    """Pass; a mediator's offer is off then.

    Parameters
    ----------
    negotiation
        its name
    """
    return run(decisions.send(common, negotiation, ("reject_offer", {}), "passed"))


@negotiate.command(help_epilogue='Example:\n  podium negotiate leave deal --reason "too dear" --as bob')
def leave(negotiation: str, /, *, reason: str = "", common: Common = Common()) -> int:
    """Break it off.

    Parameters
    ----------
    negotiation
        its name
    reason
        for the others
    """
    return run(decisions.send(common, negotiation, ("leave_negotiation", {"reason": reason}), "left"))


def _one(name: str) -> Struct:
    from podium.contracts.negotiation_queries import GetNegotiation

    return GetNegotiation(negotiation=name, fresh=True)


def _several(is_open: bool | None, limit: int) -> Struct:
    from podium.contracts.negotiation_queries import ListNegotiations

    return ListNegotiations(open=is_open, limit=limit, fresh=True)


def _line(row: NegotiationRow) -> str:
    return f"{row.negotiation}  {row.result or 'open'}  round {row.round}  {', '.join(row.parties)}  {row.about}"


decisions.show_and_list(
    negotiate,
    "negotiation",
    "deal",
    shown="its moves, whose turn it is, and how good what was agreed is",
    one=_one,
    several=_several,
    line=_line,
)
