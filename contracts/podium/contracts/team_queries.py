"""What may be asked about teams and their plans, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct

from .names import Name
from .query import Answer, Limit, Query
from .teams import Member, Together

PlanState = Literal["proposed", "accepted", "rejected"]


class TeamRow(Struct, omit_defaults=True, kw_only=True):
    """A team; times are seconds since the epoch, UTC. The rest as `team_formed` has it."""

    team: str
    goal: str
    skills: dict[str, float]
    members: list[Member]
    cost: float
    method: str
    bound: float
    reasons: list[str]
    formed_at: float
    by: str
    dissolved_at: float | None = None
    worth: float = 0.0
    pairs: list[Together] = []


class ReviewRow(Struct, omit_defaults=True, kw_only=True):
    """What a member says of a plan."""

    member: str
    accept: bool
    comment: str = ""


class TeamPlanRow(Struct, omit_defaults=True, kw_only=True):
    """A plan; `definition` is the workflow with each step given to its member, `waiting` who has not had a word yet."""

    plan: str
    team: str
    state: PlanState
    definition: Raw
    steps: dict[str, str]
    proposed_at: float
    by: str
    reviews: list[ReviewRow] = []
    waiting: list[str] = []


class TeamAnswer(Answer, frozen=True, kw_only=True):
    """`plans`: of the team, the newest first."""

    team: TeamRow
    plans: list[TeamPlanRow]


class GetTeam(Query, frozen=True, kw_only=True):
    """One team, with its plans."""

    wire = "teams.get"
    answer = TeamAnswer

    team: Name


class TeamsAnswer(Answer, frozen=True, kw_only=True):
    teams: list[TeamRow]


class ListTeams(Query, frozen=True, kw_only=True):
    """The newest first; `open`: only those that are, or only those that are no more."""

    wire = "teams.list"
    answer = TeamsAnswer

    open: bool | None = True
    limit: Limit = 50


class TeamPlanAnswer(Answer, frozen=True, kw_only=True):
    plan: TeamPlanRow


class GetTeamPlan(Query, frozen=True, kw_only=True):
    """One plan, and what its reviewers say."""

    wire = "teams.plan"
    answer = TeamPlanAnswer

    plan: Name
