"""What may be asked about ballots, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .ballots import Tie, TieBroken
from .counts import Count, Method
from .names import Name
from .query import Answer, ListOpen, Page, Query


class BallotRow(Struct, omit_defaults=True):
    """A ballot; times are seconds since the epoch, UTC.

    Attributes:
        by: who opened it.
        voters: how many may vote, None if everybody may; `voted`: how many have.
        result: None while it is open; `winner` is the option that has won.
        count, quorum, tie: of one that was counted, as in its receipt.
    """

    ballot: str
    question: str
    options: list[str]
    method: Method
    by: str
    opened_at: float
    deadline: float | None = None
    secret: bool = False
    breaks_ties: Tie = "none"
    about: str | None = None
    voters: int | None = None
    voted: int = 0
    result: Literal["won", "tied", "none", "no_quorum", "cancelled"] | None = None
    winner: str | None = None
    ended_at: float | None = None
    reason: str = ""
    quorum: int = 0
    count: Count | None = None
    tie: TieBroken | None = None


class BallotAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        votes: voter → its paper as groups of options, the best first; empty on a secret ballot.
        waiting: of the voters that the ballot names, those that have not voted.
    """

    ballot: BallotRow
    votes: dict[str, list[list[str]]]
    waiting: list[str]


class GetBallot(Query, frozen=True, kw_only=True):
    """One ballot, also if it is over."""

    wire = "ballots.get"
    answer = BallotAnswer

    ballot: Name


class BallotsAnswer(Page, frozen=True, kw_only=True):
    """A list leaves counts out."""

    ballots: list[BallotRow]


class ListBallots(ListOpen, frozen=True, kw_only=True):
    """Newest first; `voter`: only those that name this voter, and on which it has not voted yet."""

    wire = "ballots.list"
    answer = BallotsAnswer

    voter: Name | None = None
