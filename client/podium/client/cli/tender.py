"""`podium negotiate`, jobs that are put out to tender."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from . import _decisions as decisions
from ._app import Common, Json, run
from .negotiate import negotiate


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


@negotiate.command(help_epilogue="Example:\n  podium negotiate award wall ann")
def award(tender: str, bidder: str, /, *, common: Common = Common()) -> int:
    """Give a job that you have announced to a bidder, before its deadline or if it was announced with --manual.

    Parameters
    ----------
    tender
        its name
    bidder
        whose bid stands
    """
    return run(decisions.send(common, tender, ("award_bid", {"bidder": bidder}), "awarded"))


@negotiate.command(
    help_epilogue="""\
Examples:
  podium negotiate report wall --done --as ann
  podium negotiate report wall --failed --reason "the ladder is too short" --as ann""",
)
def report(
    tender: str,
    /,
    *,
    done: Annotated[bool, Parameter(negative="--failed")],
    reason: str = "",
    common: Common = Common(),
) -> int:
    """Say what became of a job that you have got.

    Parameters
    ----------
    tender
        its name
    done
        it is; with --failed the next best bid gets it
    reason
        for its manager
    """
    return run(decisions.send(common, tender, ("report_award", {"done": done, "reason": reason}), "reported"))


@negotiate.command(help_epilogue='Example:\n  podium negotiate call-off wall --reason "it is to be torn down"')
def call_off(tender: str, /, *, reason: str = "", common: Common = Common()) -> int:
    """End a tender that you have announced.

    Parameters
    ----------
    tender
        its name
    reason
        for the log
    """
    return run(decisions.send(common, tender, ("cancel_tender", {"reason": reason}), "called off"))


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
        return run(decisions.show(common, GetTender(tender=tender, fresh=True), json, "tender"))

    def line(row: TenderRow) -> str:
        return f"{row.tender}  {row.contractor or 'not awarded'}  {row.bids} bids  {row.task}"

    return run(decisions.listed(common, ListTenders(open=True, fresh=True), lambda found: found.tenders, line, json))
