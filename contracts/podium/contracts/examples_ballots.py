"""Examples of ballots, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import ballot_queries, ballots
from .counts import Count, CountRound, Flip
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0
_OPTIONS: Final = ["blue", "green", "red"]
_COUNT: Final = Count(
    method="instant_runoff",
    result="tied",
    winners=["blue", "green"],
    papers=4,
    weight=4.0,
    blank=1,
    rounds=[
        CountRound({"blue": 2.0, "green": 2.0, "red": 0.0}, ["red"]),
        CountRound({"blue": 2.0, "green": 2.0}, exhausted=1.0),
    ],
    margin=1.0,
    needed=2.0,
    flip=Flip(1, "upper_bound", "green"),
    pairwise=[[0.0, 2.0, 4.0], [2.0, 0.0, 3.0], [0.0, 1.0, 0.0]],
)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    (
        "ops",
        "colour",
        ballots.OpenBallot(
            "which colour?", _OPTIONS, method="instant_runoff", voters={"ann": 1.0, "bob": 2.0}, quorum=2, tie="lot"
        ),
    ),
    ("ann", "colour", ballots.CastVote(rank=["green", ["blue", "red"]])),
    ("ann", "colour", ballots.WithdrawVote()),
    ("ops", "colour", ballots.CloseBallot()),
    ("ops", "colour", ballots.CancelBallot("the wall is not to be painted")),
)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    (
        "collaboration",
        "colour",
        "ops",
        ballots.BallotOpened(
            question="which colour?",
            options=_OPTIONS,
            method="instant_runoff",
            voters={"ann": 1.0, "bob": 2.0},
            share=0.75,
            quorum=2,
            quorum_share=0.5,
            deadline=_NOW + 3600,
            secret=True,
            tie="lot",
            early=True,
            about="wall",
            key="0123456789abcdef",
        ),
    ),
    (
        "collaboration",
        "colour",
        "ops",
        ballots.VoteAsked("ann", "which colour?", _OPTIONS, "instant_runoff", _NOW + 3600, True, "wall"),
    ),
    (
        "collaboration",
        "colour",
        "ann",
        ballots.VoteCast("ann", 1, [["green"], ["blue", "red"]], sealed="c2VhbGVk"),
    ),
    ("collaboration", "colour", "ann", ballots.VoteWithdrawn("ann")),
    (
        "collaboration",
        "colour",
        "collaboration",
        ballots.BallotClosed(
            why="deadline",
            result="won",
            winner="green",
            count=_COUNT,
            voted=5,
            electorate=6,
            quorum=2,
            tie=ballots.TieBroken("lot", ["blue", "green"], "colour 1767225600.0 1767229200.0"),
        ),
    ),
    ("collaboration", "colour", "ops", ballots.BallotCancelled("the wall is not to be painted")),
)

_POSITIONS: Final = {"podium-events-collaboration": 6}
_ROW: Final = ballot_queries.BallotRow(
    "colour",
    "which colour?",
    _OPTIONS,
    "instant_runoff",
    "ops",
    _NOW,
    voters=3,
    voted=2,
)

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    ballot_queries.GetBallot: (
        ballot_queries.GetBallot(ballot="colour"),
        ballot_queries.BallotAnswer(
            positions=_POSITIONS,
            ballot=_ROW,
            votes={"ann": [["green"], ["blue", "red"]], "bob": []},
            waiting=["cy"],
        ),
    ),
    ballot_queries.ListBallots: (
        ballot_queries.ListBallots(open=True, limit=10),
        ballot_queries.BallotsAnswer(positions=_POSITIONS, ballots=[_ROW]),
    ),
}
