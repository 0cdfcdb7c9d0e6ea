"""What may be asked of the read models, and the answers.

A query is a request to `podium.qry.<query>` whose body is the query's JSON object. Every answer says in
`positions` how far each event stream had been read; a fault answers `{"error": {"code", "message"}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from msgspec import Raw, Struct, field

from .agent_queries import AgentAnswer as AgentAnswer
from .agent_queries import AgentRow as AgentRow
from .agent_queries import AgentsAnswer as AgentsAnswer
from .agent_queries import GetAgent as GetAgent
from .agent_queries import ListAgents as ListAgents
from .agent_queries import OpenWork as OpenWork
from .agent_queries import WorkAnswer as WorkAnswer
from .agent_queries import WorkItem as WorkItem
from .alert_queries import QUERIES as ALERT_QUERIES
from .audit_queries import ListCommands
from .decision_queries import QUERIES as DECISION_QUERIES
from .diagnosis_queries import Diagnose
from .document_queries import DocumentHistory, DocumentUpdates, GetDocument, ListDocuments
from .envelope import Envelope, Progress
from .health_queries import GetAgentHealth, HealthOverview, ListPlans, ListRecoveries
from .insights import ListInsights
from .message_queries import ListGroups, ListMessages, OpenMessages
from .names import Name
from .policy_queries import GetPolicy, ListPolicies
from .pools import ListPools
from .prediction_queries import FindSimilar, GetCalibration, GetPrediction
from .query import Answer as Answer
from .query import Fault as Fault
from .query import Limit as Limit
from .query import ListPages, Page
from .query import Query as Query
from .query import QueryError as QueryError
from .query import QueryErrorCode as QueryErrorCode
from .relationships import GetRelationship, ListRelationships
from .schedule_queries import GetSchedule, ListSchedules
from .session_queries import GetSession, ListSessions
from .tasks import Decision, TaskSpec, Waiting
from .team_queries import GetTeam, GetTeamPlan, ListTeams
from .workflow_insights import GetCritical, ListMigration, WorkflowStatistics
from .workflow_queries import GetDefinition, GetRun, ListRuns, ListSteps, ListWorkflows

Phase = Literal["queued", "delayed", "assigned", "running", "paused", "completed", "failed", "cancelled"]
"""Where a task stands; `delayed` waits for its next attempt."""

OPEN_PHASES: Final[tuple[Phase, ...]] = ("queued", "delayed", "assigned", "running", "paused")

# Tasks


class AttemptRow(Struct, frozen=True, omit_defaults=True):
    """One attempt; times are seconds since the epoch, UTC. `outcome` is None while it is open."""

    attempt: int
    agent: str
    assigned_at: float
    started_at: float | None = None
    ended_at: float | None = None
    outcome: Literal["completed", "failed", "cancelled", "withdrawn"] | None = None
    code: str | None = None
    message: str | None = None


class TaskRow(Struct, frozen=True, omit_defaults=True):
    """A task in a list; times are seconds since the epoch, UTC.

    `attempt` and `agent` are the latest attempt's, if there was one.
    """

    task_id: str
    kind: str
    skills: list[str]
    phase: Phase
    principal: str
    priority: int
    submitted_at: float
    updated_at: float
    agent: str | None = None
    attempt: int = 0
    deadline: float | None = None
    code: str | None = None
    message: str | None = None


class TaskDetail(TaskRow, frozen=True, kw_only=True):
    """All of a task: its spec, result and attempts, and how far the present attempt says it is."""

    spec: TaskSpec
    attempts: list[AttemptRow]
    output: Raw = Raw(b"null")
    progress: Progress | None = None


class TaskAnswer(Answer, frozen=True, kw_only=True):
    task: TaskDetail


class GetTask(Query, frozen=True, kw_only=True):
    """All of one task."""

    wire = "tasks.get"
    answer = TaskAnswer

    task_id: Name


class TasksAnswer(Page, frozen=True, kw_only=True):
    tasks: list[TaskRow]


class ListTasks(ListPages, frozen=True, kw_only=True):
    """Newest first. Every filter that is given must hold.

    Attributes:
        since: submitted at this time or later; seconds since the epoch, UTC.
    """

    wire = "tasks.list"
    answer = TasksAnswer

    phase: list[Phase] = field(default_factory=list[Phase])
    agent: Name | None = None
    kind: Name | None = None
    skill: Name | None = None
    principal: Name | None = None
    since: float | None = None


class HistoryEntry(Struct, frozen=True, omit_defaults=True):
    """One event of an entity and where it stands: the event stream and its sequence there."""

    stream: str
    sequence: int
    event: Envelope


class HistoryAnswer(Page, frozen=True, kw_only=True):
    events: list[HistoryEntry]


class TaskHistory(Query, frozen=True, kw_only=True):
    """Every event of a task, oldest first; `cursor` is the `next` of the page before."""

    wire = "tasks.history"
    answer = HistoryAnswer

    task_id: Name
    limit: Limit = 100
    cursor: str | None = None


class WhyAnswer(Answer, frozen=True, kw_only=True):
    """`decision` is the latest assignment's; `waiting` is there while the task has no agent."""

    task_id: str
    phase: Phase
    summary: str
    decision: Decision | None = None
    agent: str | None = None
    attempt: int | None = None
    waiting: Waiting | None = None


class WhyTask(Query, frozen=True, kw_only=True):
    """Why the task is where it is: why that agent, or why it waits."""

    wire = "tasks.why"
    answer = WhyAnswer

    task_id: Name


# The whole


class OverviewAnswer(Answer, frozen=True, kw_only=True):
    """Counts over everything; `tasks` by phase, `kinds` by kind and phase.

    Attributes:
        slots: of registered agents.
        busy: attempts in hand.
        completed_last_minute, failed_last_minute: tasks closed in the minute before the answer.
        refused: commands that the rules refused, since the beginning.
        lag: seconds between the last event's time and its being read.
    """

    agents: int
    slots: int
    busy: int
    tasks: dict[str, int]
    kinds: dict[str, dict[str, int]]
    completed_last_minute: int
    failed_last_minute: int
    refused: int
    lag: float | None = None


class SystemOverview(Query, frozen=True, kw_only=True):
    """How much of everything there is."""

    wire = "system.overview"
    answer = OverviewAnswer


QUERIES: Final[Mapping[str, type[Query]]] = MappingProxyType(
    {
        query.wire: query
        for query in (
            *(GetTask, ListTasks, TaskHistory, WhyTask, OpenWork, GetAgent, ListAgents, SystemOverview),
            *(HealthOverview, GetAgentHealth, Diagnose, ListRecoveries, ListPlans, ListPools),
            *ALERT_QUERIES,
            *(GetDocument, ListDocuments, DocumentHistory, DocumentUpdates),
            *(ListWorkflows, GetDefinition, ListRuns, GetRun, ListSteps, ListSchedules, GetSchedule),
            *(ListMigration, GetCritical, WorkflowStatistics),
            ListCommands,
            *(GetSession, ListSessions),
            *DECISION_QUERIES,
            *(OpenMessages, ListMessages, ListGroups),
            *(GetTeam, ListTeams, GetTeamPlan),
            *(GetPolicy, ListPolicies),
            *(GetRelationship, ListRelationships),
            *(GetPrediction, FindSimilar, GetCalibration, ListInsights),
        )
    }
)
