"""One example of each message, as the AsyncAPI document shows them: the story of a task that `echo-1` does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from . import (
    agents,
    examples_alerts,
    examples_audit,
    examples_decisions,
    examples_documents,
    examples_forgetting,
    examples_health,
    examples_messages,
    examples_optimizer,
    examples_schedules,
    examples_sessions,
    examples_teams,
    examples_workflows,
    health,
    health_queries,
    queries,
    queues,
    recovery,
    tasks,
    thresholds,
)
from .ask_queries import OpenAsks, OpenAsksAnswer
from .catalogue import event_type
from .documents import Awareness
from .envelope import Beat, CommandAccepted, CommandRefused, Envelope, Progress
from .outcomes import AcceptedOutcome, EventRef, Refusal, RefusedOutcome
from .subjects import DEFAULT_PREFIX, Service

NOW: Final = 1767225600.0
TRACEPARENT: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

_PROFILE = agents.AgentProfile(skills={"echo": 0.9}, slots=2, heartbeat=2.0)
_INPUT = Raw(b'{"x":1}')
_SPEC = tasks.TaskSpec(kind="echo", skills=["echo"], input=_INPUT)
_DECISION = tasks.Decision(
    strategy="best_score",
    agents=2,
    able=1,
    eligible=1,
    candidates=[tasks.Candidate(agent="echo-1", score=0.95, skill=0.9, load=0.0)],
    ruled_out={"lacks skill": 1},
    reasons=["echo-1 has the highest score, 0.95: skill 0.90, load 0.00"],
    confidence=0.5,
)
_ASSIGNED = tasks.TaskAssigned(
    agent="echo-1", attempt=1, kind="echo", skills=["echo"], input=_INPUT, decision=_DECISION, start_by=NOW + 30
)

_COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "coder", agents.DefineAgentType(skills={"python": 0.8}, slots=1, system_prompt="You write Python.")),
    ("ops", "coder", agents.RemoveAgentType()),
    ("echo-1", "echo-1", agents.RegisterAgent(skills={"echo": 0.9}, slots=2, heartbeat=2.0)),
    ("echo-1", "echo-1", agents.UpdateAgent(slots=4)),
    ("echo-1", "echo-1", agents.UnregisterAgent(reason="going home")),
    ("ops", "t1", tasks.SubmitTask(kind="echo", skills=["echo"], input=_INPUT)),
    (
        "ops",
        "batch-1",
        tasks.SubmitTasks([tasks.TaskEntry("t2", tasks.SubmitTask(kind="echo", skills=["echo"], input=_INPUT))]),
    ),
    ("echo-1", "t1", tasks.StartTask(attempt=1)),
    ("echo-1", "t1", tasks.CompleteTask(attempt=1, output=_INPUT)),
    ("echo-1", "t1", tasks.FailTask(attempt=1, code="no_echo", message="nothing came back")),
    (
        "echo-1",
        "echo-1",
        tasks.ReportTasks(
            [
                tasks.TaskReport("t1", tasks.CompleteTask(attempt=1, output=_INPUT)),
                tasks.TaskReport("t2", tasks.StartTask(attempt=1)),
            ]
        ),
    ),
    ("ops", "t1", tasks.CancelTask(reason="no longer wanted")),
    ("ops", "t1", tasks.PauseTask(reason="the budget is used up")),
    ("ops", "t1", tasks.ResumeTask()),
    (
        "ops",
        "gpu-work",
        recovery.DefinePlan(
            causes=["agent_lost", "agent_stalled"],
            steps=[recovery.ReassignStep(within=20.0), recovery.FallbackStep(agents=["echo-9"])],
            kinds=["echo"],
        ),
    ),
    ("ops", "gpu-work", recovery.RemovePlan()),
    ("ops", "echo-1", recovery.HoldWork(reason="a new disk", seconds=3600.0)),
    ("ops", "echo-1", recovery.ResumeWork(reason="the disk is in")),
    ("ops", "all", recovery.StopAll(reason="it deletes the wrong files")),
    ("ops", "all", recovery.LiftStop(reason="the agent at fault is gone")),
)

_STEPS: Final[list[recovery.Step]] = [
    recovery.RetryStep(within=5.0),
    recovery.ReassignStep(within=60.0),
    recovery.FallbackStep(agents=["echo-9"], within=60.0),
    recovery.QuarantineStep(seconds=300.0),
    recovery.EscalateStep(severity="critical", message="nobody else has taken it"),
]
_CHARGES: Final = [recovery.Charge("t1", 1)]

_EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("registry", "coder", "ops", agents.AgentTypeDefined(agents.AgentProfile(skills={"python": 0.8}))),
    ("registry", "coder", "ops", agents.AgentTypeRemoved()),
    ("registry", "echo-1", "echo-1", agents.AgentRegistered(_PROFILE)),
    ("registry", "echo-1", "echo-1", agents.AgentUpdated(msgspec.structs.replace(_PROFILE, slots=4), ["slots"])),
    ("registry", "echo-1", "echo-1", agents.AgentUnregistered("going home")),
    ("router", "t1", "ops", tasks.TaskSubmitted(kind="echo", skills=["echo"], input=_INPUT)),
    ("router", "t1", "router", _ASSIGNED),
    ("router", queues.QUEUE, "router", queues.QueueMeasured(waiting=12, skills={"echo": 12, "parse": 3})),
    ("router", "t1", "echo-1", tasks.TaskStarted("echo-1", 1, finish_by=NOW + 300)),
    ("router", "t1", "echo-1", tasks.TaskCompleted("echo-1", 1, _INPUT, duration=0.25, kind="echo", size=7)),
    (
        "router",
        "t1",
        "router",
        tasks.AttemptFailed("echo-1", 1, "finish_timeout", "no report", retry_at=NOW + 301, kind="echo", size=7),
    ),
    ("router", "t1", "echo-1", tasks.ReportRefused("echo-1", 1, "start_task", "stale_attempt", "attempt 2 has it")),
    ("router", "t1", "router", tasks.TaskFailed("finish_timeout", "no report", attempts=3, agent="echo-1")),
    ("router", "t1", "ops", tasks.TaskCancelled("no longer wanted", agent="echo-1", attempt=1)),
    ("router", "t1", "ops", tasks.TaskPaused("the budget is used up", agent="echo-1", attempt=1)),
    ("router", "t1", "ops", tasks.TaskResumed()),
    ("health", "echo-1", "health", health.AgentSuspected(silence=1.65, phi=6.01, interval=0.5, loss=0.01)),
    ("health", "echo-1", "health", health.AgentLost(silence=2.65, phi=10.01, interval=0.5, loss=0.01, tasks=["t1"])),
    ("health", "echo-1", "health", health.AgentStalled("t1", 1, idle=61.0, limit=60.0)),
    ("health", "echo-1", "health", health.AgentRecovered("stalled", after=4.5, task="t1", attempt=1)),
    (
        "health",
        "gpu-work",
        "ops",
        recovery.PlanDefined(
            causes=["agent_lost"], steps=_STEPS, kinds=["echo"], agents=["echo-1"], times=1, order=100
        ),
    ),
    ("health", "gpu-work", "ops", recovery.PlanRemoved()),
    (
        "health",
        "recovery-1",
        "health",
        recovery.RecoveryStarted(
            cause="agent_lost", agent="echo-1", charges=_CHARGES, plan="gpu-work", steps=_STEPS, times=1
        ),
    ),
    (
        "health",
        "recovery-1",
        "health",
        recovery.RecoveryStepTaken(number=2, step=_STEPS[1], cause="agent_lost", agent="echo-1", charges=_CHARGES),
    ),
    ("health", "recovery-1", "health", recovery.RecoveryEnded(outcome="exhausted", after=61.0, left=_CHARGES)),
    (
        "health",
        "echo-1",
        "health",
        recovery.HoldPlaced(
            scope="agent", cause="breaker", reason="5 of 6 attempts failed", until=NOW + 30, probe=True
        ),
    ),
    ("health", "echo-1", "ops", recovery.HoldLifted(scope="agent", cause="maintenance", reason="the disk is in")),
    (
        "health",
        "echo-1",
        "health",
        thresholds.ThresholdCrossed(scope="agent", metric="cpu", level="warning", value=0.83, limit=0.8, window=60.0),
    ),
    ("health", "echo-1", "health", thresholds.ThresholdCleared(scope="agent", metric="cpu", value=0.7, limit=0.8)),
    (
        "health",
        "echo-1",
        "health",
        thresholds.HealthChanged(
            scope="agent",
            state="degraded",
            was="healthy",
            score=86.7,
            parts={"liveness": 1.0, "cpu": 0.4, "memory": 0.9},
            reasons=["cpu 0.83 is beyond 0.8 (warning)"],
        ),
    ),
    ("router", "t1", "router", tasks.TaskRedirected(agents=["echo-9"], recovery="recovery-1")),
    ("router", "t1", "ops", CommandAccepted("c-8", "cancel_task")),
    ("router", "t9", "ops", CommandRefused("c-9", "cancel_task", "unknown_task", "there is no task t9")),
)

_TASK_ROW: Final[dict[str, Any]] = {
    "task_id": "t1",
    "kind": "echo",
    "skills": ["echo"],
    "phase": "assigned",
    "principal": "ops",
    "priority": 5,
    "submitted_at": NOW,
    "updated_at": NOW + 0.01,
    "agent": "echo-1",
    "attempt": 1,
}
_AGENT_ROW: Final = queries.AgentRow(
    agent_id="echo-1",
    registered=True,
    profile=_PROFILE,
    registered_at=NOW,
    updated_at=NOW,
    open=1,
    completed=41,
    failed=0,
    mean_duration=0.25,
    beat=Beat(cpu=0.1, active=1, tasks=["t1"]),
    beat_at=NOW + 60,
)


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
            *_COMMANDS,
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
                *_EVENTS,
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

_HEALTH = thresholds.Health("degraded", 87.5, {"liveness": 0.75, "cpu": 1.0}, {"cpu": 0.0}, ["echo-1 is lost"])
_DOUBT = health_queries.AgentHealthRow("echo-1", NOW, "lost", "critical", ["it is lost"], suspected=1, lost=1)
_HOLD = health_queries.HoldRow("echo-1", "agent", "maintenance", "a new disk", NOW, "ops", until=NOW + 3600)
_POSITIONS = {"podium-events-registry": 1, "podium-events-router": 2}
_WORK = EVENT_EXAMPLES[event_type(_ASSIGNED)]

QUERY_EXAMPLES: Final[Mapping[type[queries.Query], tuple[queries.Query, queries.Answer]]] = MappingProxyType(
    {
        queries.GetTask: (
            queries.GetTask(task_id="t1", fresh=True),
            queries.TaskAnswer(
                positions=_POSITIONS,
                task=queries.TaskDetail(
                    **_TASK_ROW,
                    spec=_SPEC,
                    attempts=[queries.AttemptRow(attempt=1, agent="echo-1", assigned_at=NOW + 0.01)],
                ),
            ),
        ),
        queries.ListTasks: (
            queries.ListTasks(phase=["assigned", "running"], agent="echo-1", limit=10),
            queries.TasksAnswer(positions=_POSITIONS, tasks=[queries.TaskRow(**_TASK_ROW)]),
        ),
        queries.TaskHistory: (
            queries.TaskHistory(task_id="t1"),
            queries.HistoryAnswer(
                positions=_POSITIONS,
                events=[queries.HistoryEntry(stream="podium-events-router", sequence=2, event=_WORK)],
            ),
        ),
        queries.WhyTask: (
            queries.WhyTask(task_id="t1"),
            queries.WhyAnswer(
                positions=_POSITIONS,
                task_id="t1",
                phase="assigned",
                summary="echo-1 has the highest score, 0.95: skill 0.90, load 0.00",
                decision=_DECISION,
                agent="echo-1",
                attempt=1,
            ),
        ),
        queries.OpenWork: (
            queries.OpenWork(agent_id="echo-1"),
            queries.WorkAnswer(
                positions=_POSITIONS, work=[queries.WorkItem(task_id="t1", phase="assigned", event=_WORK)]
            ),
        ),
        queries.GetAgent: (
            queries.GetAgent(agent_id="echo-1"),
            queries.AgentAnswer(positions=_POSITIONS, agent=_AGENT_ROW),
        ),
        queries.ListAgents: (
            queries.ListAgents(skill="echo"),
            queries.AgentsAnswer(positions=_POSITIONS, agents=[_AGENT_ROW]),
        ),
        **examples_alerts.QUERIES,
        **examples_optimizer.QUERIES,
        **examples_decisions.QUERIES,
        **examples_health.QUERIES,
        health_queries.HealthOverview: (
            health_queries.HealthOverview(),
            health_queries.HealthOverviewAnswer(
                positions=_POSITIONS,
                health=_HEALTH,
                suspected=0,
                lost=1,
                stalled=0,
                doubts=[_DOUBT],
                holds=[_HOLD],
                recoveries=1,
            ),
        ),
        health_queries.GetAgentHealth: (
            health_queries.GetAgentHealth(agent_id="echo-1"),
            health_queries.AgentHealthAnswer(positions=_POSITIONS, agent=_DOUBT, holds=[_HOLD]),
        ),
        health_queries.ListRecoveries: (
            health_queries.ListRecoveries(open=True, limit=10),
            health_queries.RecoveriesAnswer(
                positions=_POSITIONS,
                recoveries=[
                    health_queries.RecoveryRow(
                        recovery_id="recovery-1",
                        cause="agent_lost",
                        agent="echo-1",
                        plan="default",
                        charges=_CHARGES,
                        steps=_STEPS[1:2],
                        started_at=NOW,
                        taken=1,
                    )
                ],
            ),
        ),
        health_queries.ListPlans: (
            health_queries.ListPlans(),
            health_queries.PlansAnswer(
                positions=_POSITIONS,
                plans=[health_queries.PlanRow("gpu-work", causes=["agent_lost"], steps=_STEPS[1:3], kinds=["echo"])],
            ),
        ),
        queries.SystemOverview: (
            queries.SystemOverview(),
            queries.OverviewAnswer(
                positions=_POSITIONS,
                agents=2,
                slots=4,
                busy=1,
                tasks={"assigned": 1, "completed": 41},
                kinds={"echo": {"assigned": 1, "completed": 41}},
                completed_last_minute=12,
                failed_last_minute=0,
                refused=1,
                lag=0.004,
            ),
        ),
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
        thresholds.HealthReport: thresholds.HealthReport(agent=_HEALTH),
        queries.Fault: queries.Fault(queries.QueryError("not_found", "there is no task t9")),
    }
)
"""What is neither command, event, query nor answer → one of it."""
