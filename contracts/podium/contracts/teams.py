"""Collaboration's words of teams, and of plans that their members review."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Raw, Struct, field

from .agents import Amount, Level
from .envelope import Command, Event
from .names import Name, RecordedName, Text

TEAM_LIMIT: Final = 1000
"""The most agents that a team is formed from."""

# Commands


class FormTeam(Command, frozen=True, kw_only=True, tag="form_team"):
    """Make the entity a team of registered agents that together have all skills, at the least cost.

    Attributes:
        skills: what is needed → how good one member must at least be at it, 0–1.
        max_size: the most members.
        costs: agent → what it costs; 1 for those that are not named.
        candidates: only these, if any are named.
        together: what it is worth, in the unit of the costs, that what two members do together always goes well.
    """

    goal: Annotated[str, Meta(min_length=1, max_length=4096)]
    skills: Annotated[dict[Name, Level], Meta(min_length=1, max_length=100)]
    max_size: Annotated[int, Meta(ge=1, le=100)] = 10
    costs: Annotated[dict[Name, Amount], Meta(max_length=TEAM_LIMIT)] = field(default_factory=dict[Name, Amount])
    candidates: Annotated[list[Name], Meta(max_length=TEAM_LIMIT)] = field(default_factory=list[Name])
    together: Annotated[float, Meta(ge=0.0, le=1000.0)] = 0.1


class DissolveTeam(Command, frozen=True, tag="dissolve_team"):
    """The team is no more; plans that were accepted stay so."""

    reason: Text | None = None


class ProposePlan(Command, frozen=True, kw_only=True, tag="propose_plan"):
    """Make the entity a plan: a template whose steps are given to the members that are best at them, for their review.

    Attributes:
        template: a workflow definition; each of its tasks must need skills that some member has.
    """

    team: Name
    template: dict[str, Any]


class ReviewPlan(Command, frozen=True, tag="review_plan"):
    """A member, the principal, accepts the plan or objects, and may change its mind until it is decided."""

    accept: bool
    comment: Text = ""


TeamCommand = FormTeam | DissolveTeam | ProposePlan | ReviewPlan


# Events


class Member(Struct, frozen=True, gc=False):
    """Who is in a team; `covers`: the needed skills that it is good enough at."""

    agent: RecordedName
    covers: list[RecordedName]
    cost: float


class Together(Struct, frozen=True, gc=False):
    """Two members who did things together before.

    Attributes:
        trust: how likely what they do together goes well, 0–1; `relationships.get` says what it rests on.
        worth: what that counts for in the choice, in the unit of the costs.
    """

    agent: RecordedName
    other: RecordedName
    trust: float
    worth: float


class TeamFormed(Event, frozen=True, kw_only=True, tag="team_formed"):
    """
    Attributes:
        cost: of all members.
        worth: what their work together is worth, in the unit of the costs: that of all `pairs`.
        method: `exact` (an integer programme was solved), or `greedy`.
        bound: the cost is at most so many times the least; 1 if exact (Chvátal 1979).
        reasons: the choice in words.
    """

    goal: str
    skills: dict[RecordedName, float]
    members: list[Member]
    cost: float
    worth: float
    method: Literal["exact", "greedy"]
    bound: float
    reasons: list[str]
    pairs: tuple[Together, ...] = ()


class TeamDissolved(Event, frozen=True, tag="team_dissolved"):
    reason: str | None = None


class PlanProposed(Event, frozen=True, kw_only=True, tag="plan_proposed"):
    """
    Attributes:
        definition: the workflow, each step given to its member.
        steps: step → member.
        reviewers: all members, each of whom has a word.
    """

    team: RecordedName
    definition: Raw
    steps: dict[str, RecordedName]
    reviewers: list[RecordedName]


class PlanReviewed(Event, frozen=True, kw_only=True, tag="plan_reviewed"):
    member: RecordedName
    accept: bool
    comment: str = ""


class PlanAccepted(Event, frozen=True, tag="plan_accepted"):
    """All members have accepted it; it may be started."""


class PlanRejected(Event, frozen=True, tag="plan_rejected"):
    """All have had their word, and these object."""

    objectors: list[RecordedName]


TeamEvent = TeamFormed | TeamDissolved | PlanProposed | PlanReviewed | PlanAccepted | PlanRejected
