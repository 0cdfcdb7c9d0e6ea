"""`podium propose`: consensus in rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from . import _decisions as decisions
from ._app import Common, app, run

if TYPE_CHECKING:
    from msgspec import Struct

    from podium.contracts.proposal_queries import ProposalRow

propose = App(name="propose", help="Put a text to its members, take a stand on it, amend it.")
app.command(propose)


@propose.command(
    name="open",
    help_epilogue='Example:\n  podium propose open style "Tabs." --member ann --member bob --rounds 2 --seconds 600',
)
def open_proposal(
    proposal: str,
    text: str,
    /,
    *,
    member: Annotated[tuple[str, ...], Parameter(negative=())],
    threshold: float = 1.0,
    rounds: int = 3,
    seconds: float | None = None,
    fallback: str = "majority",
    common: Common = Common(),
) -> int:
    """Open a proposal.

    Parameters
    ----------
    proposal
        its name
    text
        what is proposed
    member
        who is asked
    threshold
        what part of those who accept or object must accept
    rounds
        at the most
    seconds
        that a round takes, also if somebody is silent
    fallback
        how it is voted on if no round brings it: majority, supermajority or none
    """
    body = {
        "text": text,
        "members": list(member),
        "threshold": threshold,
        "rounds": rounds,
        "round_seconds": seconds,
        "fallback": None if fallback == "none" else fallback,
    }
    return run(decisions.send(common, proposal, ("open_proposal", body), "opened"))


@propose.command(
    help_epilogue='Example:\n  podium propose say style object --reason "they are wide" --amendment "Spaces." --as bob',
)
def say(
    proposal: str, stand: str, /, *, reason: str = "", amendment: str | None = None, common: Common = Common()
) -> int:
    """Say where you stand in this round.

    Parameters
    ----------
    proposal
        its name
    stand
        accept, object or abstain
    reason
        for the others
    amendment
        the text to which you would agree
    """
    body = {"stand": stand, "reason": reason, "amendment": amendment}
    return run(decisions.send(common, proposal, ("take_stand", body), "said"))


@propose.command(help_epilogue="Example:\n  podium propose withdraw style")
def withdraw(proposal: str, /, *, reason: str = "", common: Common = Common()) -> int:
    """Take a proposal of yours back.

    Parameters
    ----------
    proposal
        its name
    reason
        for the log
    """
    return run(decisions.send(common, proposal, ("withdraw_proposal", {"reason": reason}), "withdrawn"))


def _one(name: str) -> Struct:
    from podium.contracts.proposal_queries import GetProposal

    return GetProposal(proposal=name, fresh=True)


def _several(is_open: bool | None, limit: int) -> Struct:
    from podium.contracts.proposal_queries import ListProposals

    return ListProposals(open=is_open, limit=limit, fresh=True)


def _line(row: ProposalRow) -> str:
    state = {None: "open", True: "accepted", False: "rejected"}[row.accepted]
    return f"{row.proposal}  {state}  round {row.round}  {row.text}"


decisions.show_and_list(
    propose,
    "proposal",
    "style",
    shown="its round, who stands where, who is silent",
    one=_one,
    several=_several,
    line=_line,
)
