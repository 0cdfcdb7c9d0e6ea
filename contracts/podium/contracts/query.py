"""What every query and every answer has; the queries themselves stand in `queries` and `health_queries`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

Limit = Annotated[int, Meta(ge=1, le=500)]

AsOf = Annotated[float, Meta(ge=0.0)] | dict[str, int]
"""A time, seconds since the epoch, UTC; or positions: stream → sequence. A stream that is not named is as it was when
the newest of the events that are named happened.
"""

QueryErrorCode = Literal[
    "not_json", "invalid", "unknown_query", "not_found", "timeout", "too_large", "unavailable", "internal"
]


class Query(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of every query.

    Attributes:
        at_least: answer only when the read model has reached these positions, by stream.
        fresh: answer only when it has reached what the streams hold as the query arrives.
        wait: seconds to wait for that at the most; then the answer is the error `timeout`.
        as_of: answer as of then, and not as of now.
    """

    wire: ClassVar[str]
    answer: ClassVar[type[Struct]]

    at_least: dict[str, int] = {}
    fresh: bool = False
    wait: Annotated[float, Meta(ge=0.0, le=60.0)] = 5.0
    as_of: AsOf | None = None


class Answer(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Base of every answer; `positions`: stream → sequence of the last event it reflects."""

    positions: dict[str, int]


class ListPages(Query, frozen=True, kw_only=True):
    """Base of queries that list page by page; `cursor`: the `next` of the page before."""

    limit: Limit = 50
    cursor: str | None = None


class ListOpen(ListPages, frozen=True, kw_only=True):
    """Base of queries that list what is under way and what is over.

    Attributes:
        open: only those under way, or only those that are over; None for all.
    """

    open: bool | None = None


class Page(Answer, frozen=True, kw_only=True):
    """Base of answers in pages; `next`: the cursor of the next page, None on the last."""

    next: str | None = None


class QueryError(Struct, frozen=True):
    """A code for programs, a sentence for people."""

    code: QueryErrorCode
    message: str


class Fault(Struct, frozen=True):
    """The answer to a query that has none."""

    error: QueryError
