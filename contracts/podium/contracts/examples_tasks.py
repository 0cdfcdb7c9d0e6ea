"""Examples of agents and tasks: the story of a task that `echo-1` does."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from . import agents, queries, queues, tasks
from .envelope import Beat, CommandAccepted, CommandRefused
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0

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
ASSIGNED = tasks.TaskAssigned(
    agent="echo-1", attempt=1, kind="echo", skills=["echo"], input=_INPUT, decision=_DECISION, start_by=_NOW + 30
)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
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
)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("registry", "coder", "ops", agents.AgentTypeDefined(agents.AgentProfile(skills={"python": 0.8}))),
    ("registry", "coder", "ops", agents.AgentTypeRemoved()),
    ("registry", "echo-1", "echo-1", agents.AgentRegistered(_PROFILE)),
    ("registry", "echo-1", "echo-1", agents.AgentUpdated(msgspec.structs.replace(_PROFILE, slots=4), ["slots"])),
    ("registry", "echo-1", "echo-1", agents.AgentUnregistered("going home")),
    ("router", "t1", "ops", tasks.TaskSubmitted(kind="echo", skills=["echo"], input=_INPUT)),
    ("router", "t1", "router", ASSIGNED),
    ("router", queues.QUEUE, "router", queues.QueueMeasured(waiting=12, skills={"echo": 12, "parse": 3})),
    ("router", "t1", "echo-1", tasks.TaskStarted("echo-1", 1, finish_by=_NOW + 300)),
    ("router", "t1", "echo-1", tasks.TaskCompleted("echo-1", 1, _INPUT, duration=0.25, kind="echo", size=7)),
    (
        "router",
        "t1",
        "router",
        tasks.AttemptFailed("echo-1", 1, "finish_timeout", "no report", retry_at=_NOW + 301, kind="echo", size=7),
    ),
    ("router", "t1", "echo-1", tasks.ReportRefused("echo-1", 1, "start_task", "stale_attempt", "attempt 2 has it")),
    ("router", "t1", "router", tasks.TaskFailed("finish_timeout", "no report", attempts=3, agent="echo-1")),
    ("router", "t1", "ops", tasks.TaskCancelled("no longer wanted", agent="echo-1", attempt=1)),
    ("router", "t1", "ops", tasks.TaskPaused("the budget is used up", agent="echo-1", attempt=1)),
    ("router", "t1", "ops", tasks.TaskResumed()),
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
    "submitted_at": _NOW,
    "updated_at": _NOW + 0.01,
    "agent": "echo-1",
    "attempt": 1,
}
_AGENT_ROW: Final = queries.AgentRow(
    agent_id="echo-1",
    registered=True,
    profile=_PROFILE,
    registered_at=_NOW,
    updated_at=_NOW,
    open=1,
    completed=41,
    failed=0,
    mean_duration=0.25,
    beat=Beat(cpu=0.1, active=1, tasks=["t1"]),
    beat_at=_NOW + 60,
)
_POSITIONS: Final = {"podium-events-registry": 1, "podium-events-router": 2}

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    queries.GetTask: (
        queries.GetTask(task_id="t1", fresh=True),
        queries.TaskAnswer(
            positions=_POSITIONS,
            task=queries.TaskDetail(
                **_TASK_ROW,
                spec=_SPEC,
                attempts=[queries.AttemptRow(attempt=1, agent="echo-1", assigned_at=_NOW + 0.01)],
            ),
        ),
    ),
    queries.ListTasks: (
        queries.ListTasks(phase=["assigned", "running"], agent="echo-1", limit=10),
        queries.TasksAnswer(positions=_POSITIONS, tasks=[queries.TaskRow(**_TASK_ROW)]),
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
    queries.GetAgent: (
        queries.GetAgent(agent_id="echo-1"),
        queries.AgentAnswer(positions=_POSITIONS, agent=_AGENT_ROW),
    ),
    queries.ListAgents: (
        queries.ListAgents(skill="echo"),
        queries.AgentsAnswer(positions=_POSITIONS, agents=[_AGENT_ROW]),
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
}
