"""Ballots: a question, options, who may vote, and how papers are counted. The entity is the ballot."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .counts import TWO_THIRDS, Count, Method, Result, Share
from .envelope import Command, Event
from .names import Name, RecordedName, Text

Weight = Annotated[float, Meta(ge=0.000001, le=1_000_000.0)]
"""Of a voter; counted in millionths."""

MOST_VOTERS = 500
"""That a ballot can name: each of them is asked, in one batch with the opening."""

Options = Annotated[list[Name], Meta(min_length=1, max_length=50)]
Voters = Annotated[dict[Name, Weight], Meta(min_length=1, max_length=MOST_VOTERS)]

Tie = Literal["none", "order", "lot"]
"""What becomes of a tie: it stays one; the option that the ballot names first wins; or a lot is drawn."""

Closing = Literal["deadline", "asked", "all_voted"]


# Commands


class OpenBallot(Command, frozen=True, tag="open_ballot"):
    """Put a question to the vote.

    Attributes:
        voters: who may vote, and with what weight; None for everybody, with weight 1.
        share: what a supermajority needs at least, of the weight of the papers that are not blank.
        quorum, quorum_share: how many voters, and what part of `voters`, must have voted; who abstains has voted.
        deadline: when it closes by itself, seconds since the epoch, UTC.
        secret: nothing that is kept or answered says who voted how.
        tie: what becomes of one.
        early: it closes as soon as all `voters` have voted.
        about: the name of what it decides, for those who look at it.
    """

    question: Text
    options: Options
    method: Method = "majority"
    voters: Voters | None = None
    share: Share = TWO_THIRDS
    quorum: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    quorum_share: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    deadline: float | None = None
    secret: bool = False
    tie: Tie = "none"
    early: bool = False
    about: Name | None = None


class CastVote(Command, frozen=True, tag="cast_vote"):
    """Vote, or vote anew, until the ballot closes: the principal is the voter, and the last vote counts.

    Just one of these is given:

    Attributes:
        choice: one option.
        approve: those that are good enough.
        rank: options or groups of equally good ones, the best first; those left out are worse, and equally bad.
        abstain: a blank paper: it counts for the quorum and for nothing else.
    """

    private = True

    choice: Name | None = None
    approve: Annotated[list[Name], Meta(max_length=50)] | None = None
    rank: Annotated[list[Name | list[Name]], Meta(max_length=50)] | None = None
    abstain: bool = False


class WithdrawVote(Command, frozen=True, tag="withdraw_vote"):
    """Take one's own vote back, as if it had not been cast."""


class CloseBallot(Command, frozen=True, tag="close_ballot"):
    """Count now. Who opened the ballot may."""


class CancelBallot(Command, frozen=True, tag="cancel_ballot"):
    """End it without a count. Who opened the ballot may."""

    reason: Text


# Events


class BallotOpened(Event, frozen=True, tag="ballot_opened"):
    """
    Attributes:
        key: of a secret ballot, which key its papers are sealed with: the first digits of the key's SHA-256.
    """

    question: str
    options: list[RecordedName]
    method: Method
    voters: dict[RecordedName, float] | None
    share: float
    quorum: int
    quorum_share: float
    deadline: float | None
    secret: bool
    tie: Tie
    early: bool
    about: RecordedName | None = None
    key: str | None = None


class VoteAsked(Event, frozen=True, tag="vote_asked"):
    """A voter is asked for its vote; it is addressed to that agent."""

    voter: RecordedName
    question: str
    options: list[RecordedName]
    method: Method
    deadline: float | None
    secret: bool
    about: RecordedName | None = None


class VoteCast(Event, frozen=True, tag="vote_cast"):
    """
    Attributes:
        number: 1 for the first vote of this voter, and more when it is changed.
        paper: groups of options, the best first, and empty if it is blank; None on a secret ballot.
        sealed: the paper of a secret ballot, encrypted; the same paper never looks the same twice.
    """

    voter: RecordedName
    number: int
    paper: list[list[RecordedName]] | None = None
    sealed: str | None = None


class VoteWithdrawn(Event, frozen=True, tag="vote_withdrawn"):
    voter: RecordedName


class TieBroken(Struct, frozen=True, gc=False):
    """
    Attributes:
        among: who tied.
        seed: of a lot: the winner is at place `int(sha256(seed), 16) modulo how many` of `among`, sorted by name.
    """

    rule: Tie
    among: list[RecordedName]
    seed: str | None = None


class BallotClosed(Event, frozen=True, tag="ballot_closed"):
    """The receipt: nothing counts any more.

    Attributes:
        result: `won`; `tied` if the ballot breaks no ties; `none` if the method names nobody; `no_quorum`.
        count: what the papers came to, whether the quorum was there or not.
        voted: how many voters did, blank papers included; `electorate`: how many might have, if that was said.
        quorum: how many had to.
        tie: how one was broken.
    """

    why: Closing
    result: Result | Literal["no_quorum"]
    winner: RecordedName | None
    count: Count
    voted: int
    electorate: int | None
    quorum: int
    tie: TieBroken | None = None


class BallotCancelled(Event, frozen=True, tag="ballot_cancelled"):
    reason: str


BallotCommand = OpenBallot | CastVote | WithdrawVote | CloseBallot | CancelBallot
BallotEvent = BallotOpened | VoteAsked | VoteCast | VoteWithdrawn | BallotClosed | BallotCancelled
