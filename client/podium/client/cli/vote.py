"""`podium vote`: ballots, and the count of a file of orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from . import _decisions as decisions
from ._app import Common, Json, Usage, app, run, start_module

_COUNTING = "podium.collaboration.counting.main"

if TYPE_CHECKING:
    from msgspec import Struct

    from podium.contracts.ballot_queries import BallotAnswer, BallotRow

vote = App(name="vote", help="Put questions to the vote, vote, and count.")
app.command(vote)


@vote.command(
    name="open",
    help_epilogue="""\
Examples:
  podium vote open colour "which colour?" blue green red --method schulze --voter ann --voter bob=2 --seconds 3600
  podium vote open merge "merge it?" yes no --method supermajority --quorum 3 --secret

Methods: majority, supermajority, weighted, plurality, approval, borda, instant_runoff, condorcet, copeland,
minimax, schulze, ranked_pairs.""",
)
def open_ballot(
    ballot: str,
    question: str,
    /,
    *options: str,
    method: str = "majority",
    voter: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    share: float | None = None,
    quorum: int = 0,
    seconds: float | None = None,
    secret: Annotated[bool, Parameter(negative=())] = False,
    early: Annotated[bool, Parameter(negative=())] = False,
    tie: str = "none",
    common: Common = Common(),
) -> int:
    """Open a ballot.

    Parameters
    ----------
    ballot
        its name
    question
        what is asked
    options
        what may be chosen
    method
        how papers are counted
    voter
        who may vote, as name or name=weight; everybody, if none is named
    share
        what a supermajority needs at least [2/3]
    quorum
        how many must vote
    seconds
        until it closes by itself
    secret
        nobody can see who voted how
    early
        it closes when all voters have voted
    tie
        none, order (the option named first wins) or lot
    """
    import time

    voters = {name: _weight(weight) for name, _, weight in (each.partition("=") for each in voter)}
    body: dict[str, object] = {
        "question": question,
        "options": list(options),
        "method": method,
        "voters": voters or None,
        "quorum": quorum,
        "deadline": None if seconds is None else time.time() + seconds,
        "secret": secret,
        "early": early,
        "tie": tie,
    }
    if share is not None:
        body["share"] = share
    return run(decisions.send(common, ballot, ("open_ballot", body), "opened"))


@vote.command(
    help_epilogue="""\
Examples:
  podium vote cast colour green --as ann              # one option
  podium vote cast colour green blue,red --as ann     # a ranking: green first, blue and red equally good
  podium vote cast colour green blue --approve --as ann
  podium vote cast colour --as ann                    # a blank paper""",
)
def cast(
    ballot: str,
    /,
    *places: str,
    approve: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),
) -> int:
    """Vote, or vote anew: the last vote before the close counts.

    Parameters
    ----------
    ballot
        its name
    places
        options, the best first; equally good ones with commas; none at all to abstain
    approve
        the options are those that are good enough, in no order
    """
    from podium.contracts.ballots import CastVote

    groups = [place.split(",") for place in places]
    if not groups:
        command = CastVote(abstain=True)
    elif approve:
        command = CastVote(approve=[option for group in groups for option in group])
    elif len(groups) == len(groups[0]) == 1:
        command = CastVote(choice=groups[0][0])
    else:
        command = CastVote(rank=[group[0] if len(group) == 1 else group for group in groups])
    return run(decisions.send(common, ballot, command, "voted"))


@vote.command(help_epilogue="Example:\n  podium vote withdraw colour --as ann")
def withdraw(ballot: str, /, *, common: Common = Common()) -> int:
    """Take your vote back.

    Parameters
    ----------
    ballot
        its name
    """
    from podium.contracts.ballots import WithdrawVote

    return run(decisions.send(common, ballot, WithdrawVote(), "withdrawn"))


@vote.command(help_epilogue="Example:\n  podium vote close colour")
def close(ballot: str, /, *, json: Json = False, common: Common = Common()) -> int:
    """Count now, and show the receipt.

    Parameters
    ----------
    ballot
        its name
    """
    from podium.contracts.ballots import CloseBallot

    async def close_and_show() -> int:
        async with common.client() as client:
            await client.send("collaboration", ballot, CloseBallot())
        return await decisions.show(common, _one(ballot), json, "ballot", _receipt)

    return run(close_and_show())


@vote.command(help_epilogue='Example:\n  podium vote cancel colour --reason "the wall is not to be painted"')
def cancel(ballot: str, /, *, reason: str, common: Common = Common()) -> int:
    """End a ballot without a count.

    Parameters
    ----------
    ballot
        its name
    reason
        for the log
    """
    from podium.contracts.ballots import CancelBallot

    return run(decisions.send(common, ballot, CancelBallot(reason), "cancelled"))


@vote.command(
    help_epilogue="""\
Examples:
  podium vote count 00004-00000001.soc --method schulze
  podium vote count agents.toi --method irv --json

Reads PrefLib's soc, soi, toc and toi files. What an order leaves out comes last, equally bad. A tie is told as one.
Exit codes: 0 counted, 1 more ties between pairs than ranked_pairs can follow, 2 a file that cannot be read.""",
)
def count(file: str, /, *, method: str, share: float | None = None, json: Json = False) -> int:
    """Count a file of orders; needs no server.

    Parameters
    ----------
    file
        PrefLib's format; - for the standard input
    method
        majority, supermajority, weighted, plurality, approval, borda, instant_runoff (irv), condorcet, copeland,
        minimax, schulze or ranked_pairs
    share
        what a supermajority needs at least [2/3]
    """
    options = ["--method", method, *([] if share is None else ["--share", repr(share)]), *(["--json"] if json else [])]
    return start_module(_COUNTING, *options, "--", "-" if file == "@-" else file)


def _weight(text: str) -> float:
    try:
        return float(text or 1.0)
    except ValueError as error:
        raise Usage(f"{text!r} is no weight of a voter") from error


def _one(name: str) -> Struct:
    from podium.contracts.ballot_queries import GetBallot

    return GetBallot(ballot=name, fresh=True)


def _several(is_open: bool | None, limit: int) -> Struct:
    from podium.contracts.ballot_queries import ListBallots

    return ListBallots(open=is_open, limit=limit, fresh=True)


def _line(row: BallotRow) -> str:
    state = row.result or "open"
    return f"{row.ballot}  {state}{f' {row.winner}' if row.winner else ''}  {row.voted} voted  {row.question}"


def _receipt(answer: BallotAnswer) -> Iterable[str]:
    """The count in words; its numbers are in --json."""
    from podium.runtime.receipts import in_words

    count = answer.ballot.count
    return () if count is None else ("", *in_words(count))


decisions.show_and_list(
    vote,
    "ballot",
    "colour",
    shown="who has voted, or what it came to",
    one=_one,
    several=_several,
    line=_line,
    receipt=_receipt,
)
