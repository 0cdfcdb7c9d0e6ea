"""What may be asked of agents: what they are, what they do, what they hold."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .agents import AgentProfile
from .envelope import Beat, Envelope
from .names import Name
from .query import Answer, Limit, ListPages, Page, Query


class WorkItem(Struct, frozen=True, omit_defaults=True):
    """An open attempt, as the agent needs it; `event` is its `task_assigned`."""

    task_id: str
    phase: Literal["assigned", "running"]
    event: Envelope


class WorkAnswer(Page, frozen=True, kw_only=True):
    """`next`: the cursor of the rest, which one answer could not hold; None if this is all."""

    work: list[WorkItem]


class OpenWork(Query, frozen=True, kw_only=True):
    """What an agent holds and has not reported, oldest first: asked on every (re)connect.

    `cursor` is the `next` of the answer before.
    """

    wire = "agents.work"
    answer = WorkAnswer

    agent_id: Name
    fresh: bool = True
    limit: Limit = 500
    cursor: str | None = None


class AgentRow(Struct, frozen=True, omit_defaults=True):
    """An agent; times are seconds since the epoch, UTC.

    Attributes:
        open: attempts that it holds now.
        completed, failed: attempts so far.
        mean_duration: seconds, of completed attempts.
        beat: its last heartbeat, if one came while the read model ran.
    """

    agent_id: str
    registered: bool
    profile: AgentProfile
    registered_at: float
    updated_at: float
    open: int
    completed: int
    failed: int
    mean_duration: float | None = None
    beat: Beat | None = None
    beat_at: float | None = None


class AgentAnswer(Answer, frozen=True, kw_only=True):
    agent: AgentRow


class GetAgent(Query, frozen=True, kw_only=True):
    """One agent, also if it is no longer registered."""

    wire = "agents.get"
    answer = AgentAnswer

    agent_id: Name


class AgentsAnswer(Page, frozen=True, kw_only=True):
    agents: list[AgentRow]


class ListAgents(ListPages, frozen=True, kw_only=True):
    """By name. Every filter that is given must hold.

    Attributes:
        registered: None for those that have left, too.
    """

    wire = "agents.list"
    answer = AgentsAnswer

    skill: Name | None = None
    type: Name | None = None
    registered: bool | None = True
