"""The words of a count: by which method papers are counted, and what comes of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

Method = Literal[
    "majority",
    "supermajority",
    "weighted",
    "plurality",
    "approval",
    "borda",
    "instant_runoff",
    "condorcet",
    "copeland",
    "minimax",
    "schulze",
    "ranked_pairs",
]
"""How papers are counted; `docs/collaboration.md` says how each does it, and with whose rules for ties."""

METHODS: Final[tuple[Method, ...]] = get_args(Method)

Result = Literal["won", "tied", "none"]

Share = Annotated[float, Meta(ge=0.5, le=1.0)]
"""Of the weight of the papers that are not blank: what a supermajority needs at least."""

TWO_THIRDS: Final = 2 / 3


class CountRound(Struct, frozen=True, gc=False, omit_defaults=True):
    """One look at the papers.

    Attributes:
        scores: option → what counts for it, in the unit of the method: weight, points, or wins less losses.
        eliminated: options that are out after this round.
        exhausted: weight of the papers that name none of the options that are left.
    """

    scores: dict[str, float]
    eliminated: list[str] = []
    exhausted: float = 0.0


class Flip(Struct, frozen=True, gc=False, omit_defaults=True):
    """How near it was: the fewest papers that, filled in otherwise, would have given another result.

    Another result: the winner is no longer the only one or, where nobody has won for want of a majority, somebody has.

    Attributes:
        certainty: `exact`, or `upper_bound`: so many are enough, and fewer may be.
        rival: the option that they would have to favour; None where it is enough that they leave the winner.
    """

    papers: int
    certainty: Literal["exact", "upper_bound"]
    rival: str | None = None


class Count(Struct, frozen=True, gc=False, omit_defaults=True):
    """What papers come to.

    Attributes:
        result: `won` by the one in `winners`, `tied` among them, or `none` where the method names nobody.
        papers, weight: how many are counted, and their weight; blank ones are not among them.
        blank: how many papers name no option. They count for the turnout, and nowhere else.
        margin: by how much the winner leads, in the unit of the method; None if nobody has won.
        needed: the score that a majority takes; None for the other methods.
        pairwise: for the methods that compare options in pairs: row a, column b the weight of the papers that have
            a above b, in the order of the options.
    """

    method: Method
    result: Result
    winners: list[str]
    papers: int
    weight: float
    blank: int
    rounds: list[CountRound]
    margin: float | None = None
    needed: float | None = None
    flip: Flip | None = None
    pairwise: list[list[float]] | None = None
