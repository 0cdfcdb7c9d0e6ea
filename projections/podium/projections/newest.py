"""Rows in the order of a time, the newest first, page by page."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

S = TypeVar("S", bound=tuple[Any, ...])


def newest_first(
    query: Select[S], at: ColumnElement[float], name: ColumnElement[str], limit: int, before: tuple[float, str] | None
) -> Select[S]:
    """So many of the rows, by time and name; `before`: only those behind that place."""
    if before is not None:
        query = query.where(or_(at < before[0], and_(at == before[0], name < before[1])))
    return query.order_by(at.desc(), name.desc()).limit(limit)
