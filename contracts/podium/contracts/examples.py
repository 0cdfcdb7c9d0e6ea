"""One example of each message, as the AsyncAPI document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Raw, Struct

from . import (
    examples_alerts,
    examples_audit,
    examples_decisions,
    examples_documents,
    examples_forgetting,
    examples_health,
    examples_messages,
    examples_optimizer,
    examples_recovery,
    examples_schedules,
    examples_sessions,
    examples_tasks,
    examples_teams,
    examples_workflows,
    queries,
    tasks,
    thresholds,
)
from .ask_queries import OpenAsks, OpenAsksAnswer
from .catalogue import event_type
from .documents import Awareness
from .envelope import Beat, Envelope, Progress
from .outcomes import AcceptedOutcome, EventRef, Refusal, RefusedOutcome
from .subjects import DEFAULT_PREFIX, Service

TRACEPARENT: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def _envelope(service: Service, entity: str, actor: str, event: Struct, number: int) -> Envelope:
    return Envelope(
        id=f"{service}-0-{number}",
        source=f"/{DEFAULT_PREFIX}/{service}/0",
        type=event_type(event),
        subject=entity,
        time="2026-01-01T00:00:00.010000Z",
        correlationid="c-1",
        causationid="c-1",
        actor=actor,
        data=Raw(msgspec.json.encode(event)),
        traceparent=TRACEPARENT,
    )


COMMAND_EXAMPLES: Final[Mapping[type[Struct], tuple[str, str, Struct]]] = MappingProxyType(
    {
        type(command): (principal, entity, command)
        for principal, entity, command in (
            *examples_tasks.COMMANDS,
            *examples_recovery.COMMANDS,
            *examples_alerts.COMMANDS,
            *examples_forgetting.COMMANDS,
            *examples_health.COMMANDS,
            *examples_workflows.COMMANDS,
            *examples_optimizer.COMMANDS,
            *examples_sessions.COMMANDS,
            *examples_messages.COMMANDS,
            *examples_teams.COMMANDS,
            *examples_schedules.COMMANDS,
            *examples_documents.COMMANDS,
            *examples_decisions.COMMANDS,
        )
    }
)
"""command → principal, entity and body."""

EVENT_EXAMPLES: Final[Mapping[str, Envelope]] = MappingProxyType(
    {
        event_type(event): _envelope(service, entity, actor, event, number)
        for number, (service, entity, actor, event) in enumerate(
            (
                *examples_tasks.EVENTS,
                *examples_recovery.EVENTS,
                *examples_alerts.EVENTS,
                *examples_forgetting.EVENTS,
                *examples_health.EVENTS,
                *examples_workflows.EVENTS,
                *examples_optimizer.EVENTS,
                *examples_sessions.EVENTS,
                *examples_messages.EVENTS,
                *examples_teams.EVENTS,
                *examples_schedules.EVENTS,
                *examples_documents.EVENTS,
                *examples_decisions.EVENTS,
            ),
            1,
        )
    }
)
"""type → an event."""

_POSITIONS = {"podium-events-registry": 1, "podium-events-router": 2}
_WORK = EVENT_EXAMPLES[event_type(examples_tasks.ASSIGNED)]

QUERY_EXAMPLES: Final[Mapping[type[queries.Query], tuple[queries.Query, queries.Answer]]] = MappingProxyType(
    {
        queries.TaskHistory: (
            queries.TaskHistory(task_id="t1"),
            queries.HistoryAnswer(
                positions=_POSITIONS,
                events=[queries.HistoryEntry(stream="podium-events-router", sequence=2, event=_WORK)],
            ),
        ),
        queries.OpenWork: (
            queries.OpenWork(agent_id="echo-1"),
            queries.WorkAnswer(
                positions=_POSITIONS, work=[queries.WorkItem(task_id="t1", phase="assigned", event=_WORK)]
            ),
        ),
        **examples_tasks.QUERIES,
        **examples_recovery.QUERIES,
        **examples_alerts.QUERIES,
        **examples_decisions.QUERIES,
        **examples_health.QUERIES,
        OpenAsks: (
            OpenAsks(agent="ann", fresh=True),
            OpenAsksAnswer(positions={"podium-events-collaboration": 6}, asks=[EVENT_EXAMPLES["podium.vote_asked.v1"]]),
        ),
        **examples_documents.QUERIES,
        **examples_workflows.QUERIES,
        **examples_sessions.QUERIES,
        **examples_messages.QUERIES,
        **examples_teams.QUERIES,
        **examples_optimizer.QUERIES,
        **examples_audit.QUERIES,
        **examples_schedules.QUERIES,
    }
)
"""query → a question and its answer."""

_REFUSED = RefusedOutcome("c-9", "unknown_task", "there is no task t9", {"path": "subject.entity"})

OTHER_EXAMPLES: Final[Mapping[type[Struct], Struct]] = MappingProxyType(
    {
        AcceptedOutcome: AcceptedOutcome(
            "c-1", "podium-events-router", 1, [EventRef("podium.task_submitted.v1", "t1")]
        ),
        RefusedOutcome: _REFUSED,
        Refusal: Refusal(_REFUSED, "podium.cmd.router.ops.t9.cancel_task", "{}"),
        Beat: Beat(cpu=0.1, memory=0.2, active=1, tasks=["t1"], interval=2.0),
        Progress: Progress(attempt=1, fraction=0.5, note="half of it"),
        Awareness: examples_documents.AWARENESS,
        tasks.Waiting: tasks.Waiting(phase="queued", reasons=["3 able agents, 0 free slots"], ahead=12),
        thresholds.HealthReport: thresholds.HealthReport(agent=examples_recovery.HEALTH),
        queries.Fault: queries.Fault(queries.QueryError("not_found", "there is no task t9")),
    }
)
"""What is neither command, event, query nor answer → one of it."""
