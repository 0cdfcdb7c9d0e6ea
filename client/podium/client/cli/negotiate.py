"""`podium negotiate`: offers in turn, and jobs that are put out to tender."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from . import _decisions as decisions
from ._app import Common, Json, app, guarded, run

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


@negotiate.command(help_epilogue="Example:\n  podium negotiate show deal")
def show(negotiation: str, /, *, json: Json = False, common: Common = Common()) -> int:
    """Show a negotiation: its moves, whose turn it is, and how good what was agreed is.

    Parameters
    ----------
    negotiation
        its name
    """
    from podium.contracts.negotiation_queries import GetNegotiation

    return run(decisions.show(common, GetNegotiation(negotiation=negotiation, fresh=True), json))


@negotiate.command(name="list", help_epilogue="Example:\n  podium negotiate list --all")
def list_negotiations(
    *,
    also_over: Annotated[bool, Parameter(name="--all", negative=())] = False,
    limit: int = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List the negotiations that are under way, the newest first.

    Parameters
    ----------
    also_over
        those that are over as well
    limit
        how many
    """
    from podium.contracts.negotiation_queries import ListNegotiations, NegotiationRow

    def line(row: NegotiationRow) -> str:
        return f"{row.negotiation}  {row.result or 'open'}  round {row.round}  {', '.join(row.parties)}  {row.about}"

    query = ListNegotiations(open=None if also_over else True, limit=limit, fresh=True)
    return run(decisions.listed(common, query, lambda answer: answer.negotiations, line, json))


@negotiate.command(
    help_epilogue='Example:\n  podium negotiate announce wall "paint it" --seconds 60 --bidder ann --bidder bob',
)
def announce(
    tender: str,
    task: str,
    /,
    *,
    seconds: float,
    bidder: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    manual: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),
) -> int:
    """Put a job out to tender: the best bid gets it at the deadline.

    Parameters
    ----------
    tender
        its name
    task
        what is to be done
    seconds
        until the deadline of bids
    bidder
        who may bid; everybody, if nobody is named
    manual
        you award it yourself
    """
    import time

    body = {"task": task, "deadline": time.time() + seconds, "bidders": list(bidder) or None, "manual": manual}
    return run(decisions.send(common, tender, ("announce_task", body), "announced"))


@negotiate.command(help_epilogue="Example:\n  podium negotiate bid wall 20 --seconds 600 --as ann")
def bid(tender: str, price: float, /, *, seconds: float = 0.0, quality: float = 0.0, common: Common = Common()) -> int:
    """Bid for a job.

    Parameters
    ----------
    tender
        its name
    price
        what you ask for it
    seconds
        that it will take
    quality
        of what you will deliver, 0 to 1
    """
    body = {"price": price, "seconds": seconds, "quality": quality}
    return run(decisions.send(common, tender, ("place_bid", body), "bid"))


@negotiate.command(help_epilogue="Example:\n  podium negotiate tenders wall")
def tenders(tender: str | None = None, /, *, json: Json = False, common: Common = Common()) -> int:
    """Show a tender and its bids, or all that are under way.

    Parameters
    ----------
    tender
        its name
    """
    from podium.contracts.tender_queries import GetTender, ListTenders, TenderRow

    if tender is not None:
        return run(decisions.show(common, GetTender(tender=tender, fresh=True), json))

    def line(row: TenderRow) -> str:
        return f"{row.tender}  {row.contractor or 'not awarded'}  {row.bids} bids  {row.task}"

    return run(decisions.listed(common, ListTenders(open=True, fresh=True), lambda found: found.tenders, line, json))
