"""Examples of the words for workflows: a paper that is written, checked and approved."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Raw, Struct

from . import workflow_insights as i
from . import workflow_queries as q
from . import workflows as w
from .query import Answer, Query
from .subjects import Service
from .tasks import Waiting

_DEFINITION: Final = Raw(
    b'{"id":"paper","tasks":[{"id":"write","skills":["write"],"input":"${input.topic}"},'
    b'{"id":"check","dependencies":["write"],"approve":{"roles":["editor"]}}],"roles":{"editor":["ann"]}}'
)
_HASH: Final = "6f1ed002ab5595859014ebf0951522d9"
_INPUT: Final = Raw(b'{"topic":"tides"}')
_TEXT: Final = Raw(b'{"text":"The moon ..."}')

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "paper", w.DefineWorkflow(_DEFINITION)),
    ("ops", "paper-7", w.StartWorkflow("paper", input=_INPUT)),
    ("ops", "paper-8", w.RerunWorkflow("paper-7", step="write")),
    ("ops", "paper-7", w.CancelWorkflow("no longer wanted")),
    ("ops", "paper-7", w.PauseWorkflow("the budget is used up")),
    ("ops", "paper-7", w.ResumeWorkflow()),
    ("ops", "paper-7", w.SignalWorkflow("printed", Raw(b'{"copies":2}'))),
    ("ann", "paper-7", w.ApproveStep("check", "well done")),
    ("ann", "paper-7", w.RejectStep("check", "too short")),
    ("ops", "paper-7", w.MigrateWorkflow(2)),
)
"""Principal, entity, command."""

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("router", "paper", "ops", w.WorkflowDefined(1, _HASH, _DEFINITION)),
    ("router", "paper-7", "ops", w.WorkflowStarted("paper", 1, _HASH, _INPUT)),
    ("router", "paper-7", "ops", w.WorkflowPaused("the budget is used up")),
    ("router", "paper-7", "ops", w.WorkflowResumed()),
    ("router", "paper-7", "ops", w.WorkflowSignalled("printed", Raw(b'{"copies":2}'))),
    ("router", "paper-7", "ops", w.WorkflowMigrated(2, _HASH)),
    ("router", "paper-7", "router", w.WorkflowCompleted(_TEXT, 61.5)),
    ("router", "paper-7", "router", w.WorkflowFailed("rejected", "ann has rejected it: too short", 61.5, "check")),
    ("router", "paper-7", "ops", w.WorkflowCancelled("no longer wanted")),
    ("router", "paper-7", "router", w.StepStarted("write", task="paper-7-write")),
    ("router", "paper-7", "router", w.StepContinued("write", "fallback", task="paper-7-write-fallback")),
    ("router", "paper-7", "ann", w.StepApproved("check", "well done")),
    ("router", "paper-7", "ann", w.StepRejected("check", "too short")),
    ("router", "paper-7", "router", w.StepCompleted("write", _TEXT, duration=1.5)),
    ("router", "paper-7", "router", w.StepFailed("check", "rejected", "ann has rejected it: too short", 60.0)),
    ("router", "paper-7", "router", w.StepSkipped("print", "condition")),
)
"""Service, entity, actor, event."""

_AT: Final = 1767225600.0
_POSITIONS: Final = {"podium-events-registry": 1, "podium-events-router": 2}
_RUN: Final = q.RunRow(
    "paper-7", "paper", 1, "running", "ops", started_at=_AT, updated_at=_AT + 1.5, steps=2, completed=1
)

QUERIES: Final[Mapping[type[Query], tuple[Query, Answer]]] = MappingProxyType(
    {
        q.ListWorkflows: (
            q.ListWorkflows(),
            q.WorkflowsAnswer(
                positions=_POSITIONS,
                workflows=[q.WorkflowRow("paper", 1, _HASH, _AT, running=1, completed=6, mean_duration=61.5)],
            ),
        ),
        q.GetDefinition: (
            q.GetDefinition(workflow="paper"),
            q.DefinitionAnswer(positions=_POSITIONS, workflow="paper", version=1, definition=_DEFINITION),
        ),
        q.ListRuns: (
            q.ListRuns(workflow="paper", phase="running"),
            q.RunsAnswer(positions=_POSITIONS, runs=[_RUN]),
        ),
        q.GetRun: (
            q.GetRun(run_id="paper-7", fresh=True),
            q.RunAnswer(
                positions=_POSITIONS,
                run=_RUN,
                waiting=Waiting("running", ["check: waits for editor to approve, 0 of 1 have"]),
            ),
        ),
        q.ListSteps: (
            q.ListSteps(run_id="paper-7"),
            q.StepsAnswer(
                positions=_POSITIONS,
                steps=[
                    q.StepRow("write", "completed", _AT, _AT + 1.5, task="paper-7-write", begun=1),
                    q.StepRow("check", "running", _AT + 1.5),
                ],
            ),
        ),
        i.ListMigration: (
            i.ListMigration(workflow="paper", version=2),
            i.MigrationAnswer(
                positions=_POSITIONS,
                workflow="paper",
                version=2,
                current=1,
                runs=[
                    i.Migratable("paper-5", 1, "paused"),
                    i.Migratable("paper-6", 1, "running", ["write is done, and is another in the version"]),
                ],
            ),
        ),
        i.GetCritical: (
            i.GetCritical(run_id="paper-7"),
            i.CriticalAnswer(
                positions=_POSITIONS,
                run=_RUN,
                path=[
                    i.CriticalStep("write", _AT, _AT, _AT + 0.5, _AT + 1.5),
                    i.CriticalStep("check", _AT + 1.5, _AT + 1.5),
                ],
                work=61.0,
                waited=0.5,
            ),
        ),
        i.WorkflowStatistics: (
            i.WorkflowStatistics(workflow="paper", slowest=1),
            i.StatisticsAnswer(
                positions=_POSITIONS,
                workflow="paper",
                since=_AT,
                until=_AT + 86400.0,
                open=1,
                completed=6,
                failed=1,
                cancelled=0,
                codes={"rejected": 1},
                steps=[i.StepStatistics("check", 6, 1, mean=60.0, p50=58.5, p95=90.0, longest=90.0, share=0.975)],
                mean=61.5,
                p50=60.0,
                p95=91.5,
                longest=91.5,
            ),
        ),
    }
)
"""Query → a question and its answer."""
