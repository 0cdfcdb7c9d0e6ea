"""Examples of the words for schedules: a paper that is written each working day."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Raw, Struct

from . import schedule_queries as q
from . import schedules as s
from .query import Answer, Query
from .subjects import Service
from .timing import Cron
from .workflow_queries import RunRow

_AT: Final = 1767225600.0
_DUE: Final = 1767250800.0
_TIMING: Final = Cron("0 8 * * 1-5", "Europe/Berlin")
_INPUT: Final = Raw(b'{"topic":"tides"}')
_RUN: Final = "daily-20260101T070000Z"

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "daily", s.ScheduleWorkflow("paper", _TIMING, input=_INPUT, overlap="queue")),
    ("ops", "daily", s.PauseSchedule("holidays")),
    ("ops", "daily", s.ResumeSchedule()),
    ("ops", "daily", s.BackfillSchedule(1766361600.0, _AT)),
    ("ops", "daily", s.RemoveSchedule("no longer wanted")),
)
"""Principal, entity, command."""

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("router", "daily", "ops", s.WorkflowScheduled("paper", _TIMING, input=_INPUT, overlap="queue")),
    ("router", "daily", "ops", s.SchedulePaused("holidays")),
    ("router", "daily", "ops", s.ScheduleResumed()),
    ("router", "daily", "ops", s.ScheduleBackfilled(1766361600.0, _AT, [1766386800.0, 1766473200.0])),
    ("router", "daily", "router", s.ScheduleTriggered(_RUN, _DUE)),
    ("router", "daily", "router", s.ScheduleQueued(_DUE)),
    ("router", "daily", "router", s.ScheduleSkipped(_DUE, "missed", 3)),
    ("router", "daily", "ops", s.ScheduleRemoved("no longer wanted")),
    ("router", "daily", "router", s.ScheduleFinished()),
)
"""Service, entity, actor, event."""

_POSITIONS: Final = {"podium-events-registry": 1, "podium-events-router": 2}
_ROW: Final = q.ScheduleRow(
    "daily", "paper", _TIMING, "queue", "last", "active", "ops", _AT, _DUE,
    runs=1, last_at=_DUE, last_run=_RUN, due_at=_DUE + 86400.0,
)  # fmt: skip

QUERIES: Final[Mapping[type[Query], tuple[Query, Answer]]] = MappingProxyType(
    {
        q.ListSchedules: (
            q.ListSchedules(workflow="paper"),
            q.SchedulesAnswer(positions=_POSITIONS, schedules=[_ROW]),
        ),
        q.GetSchedule: (
            q.GetSchedule(schedule="daily", count=1),
            q.ScheduleAnswer(
                positions=_POSITIONS,
                schedule=_ROW,
                due=[_DUE + 86400.0],
                runs=[RunRow(_RUN, "paper", 1, "running", "ops", started_at=_DUE, updated_at=_DUE, steps=2)],
            ),
        ),
    }
)
"""Query → a question and its answer."""
