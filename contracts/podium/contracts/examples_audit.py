"""Examples of what is asked about commands, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from . import audit_queries
from .query import Answer, Query

_ROW: Final = audit_queries.CommandRow(
    "router",
    7,
    1767225600.0,
    "ops",
    "t1",
    "cancel_task",
    "c-7",
    "refused",
    "podium.command_refused.v1",
    "task_closed",
    "t1 is completed",
)

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    audit_queries.ListCommands: (
        audit_queries.ListCommands(outcome="refused", limit=10),
        audit_queries.CommandsAnswer(positions={"podium-events-router": 7}, commands=[_ROW]),
    ),
}
