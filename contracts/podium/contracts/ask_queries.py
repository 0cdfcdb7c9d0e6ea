"""What an agent may ask about what it is asked for, and the answer."""

from __future__ import annotations

from .envelope import Envelope
from .names import Name
from .query import Limit, Page, Query


class OpenAsksAnswer(Page, frozen=True, kw_only=True):
    """`asks`: the events that asked, the oldest first: such as `vote_asked`, `turn_asked`, `contract_awarded`."""

    asks: list[Envelope]


class OpenAsks(Query, frozen=True, kw_only=True):
    """What waits for an agent's word: votes, stands, turns, bids, jobs that it has, resources that it holds, consents.

    Attributes:
        cursor: the `next` of the page before.
    """

    wire = "asks.open"
    answer = OpenAsksAnswer

    agent: Name
    limit: Limit = 200
    cursor: str | None = None
