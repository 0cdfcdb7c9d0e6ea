"""Examples of teams and plans, beside those of `examples`."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Raw, Struct

from . import team_queries, teams
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0
_TEMPLATE: Final[dict[str, Any]] = {
    "id": "report",
    "tasks": [
        {"id": "read", "skills": ["parse"], "input": "${input}"},
        {"id": "write", "dependencies": ["read"], "skills": ["write"], "input": "${steps.read.output}"},
    ],
}
_PLANNED: Final = Raw(
    b'{"id":"report","tasks":[{"id":"read","skills":["parse"],"agent":"echo-1","input":"${input}"},'
    b'{"id":"write","dependencies":["read"],"skills":["write"],"agent":"pen-1","input":"${steps.read.output}"}]}'
)
_MEMBERS: Final = [teams.Member("echo-1", ["parse"], 1.0), teams.Member("pen-1", ["write"], 1.0)]
_REASONS: Final = ["echo-1 has parse at a cost of 1", "pen-1 has write at a cost of 1"]
_PAIRS: Final = [teams.Together("echo-1", "pen-1", 0.75, 0.05)]
_SKILLS: Final = {"parse": 0.7, "write": 0.8}
_STEPS: Final = {"read": "echo-1", "write": "pen-1"}

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "reporters", teams.FormTeam(goal="a report", skills=_SKILLS, max_size=3, costs={"pen-1": 1.0})),
    ("ops", "reporters", teams.DissolveTeam("the report is written")),
    ("ops", "report-7", teams.ProposePlan(team="reporters", template=_TEMPLATE)),
    ("pen-1", "report-7", teams.ReviewPlan(True, "good")),
)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    (
        "collaboration",
        "reporters",
        "ops",
        teams.TeamFormed(
            goal="a report",
            skills=_SKILLS,
            members=_MEMBERS,
            cost=2.0,
            worth=0.05,
            method="exact",
            bound=1.0,
            reasons=_REASONS,
            pairs=tuple(_PAIRS),
        ),
    ),
    ("collaboration", "reporters", "ops", teams.TeamDissolved("the report is written")),
    (
        "collaboration",
        "report-7",
        "ops",
        teams.PlanProposed(team="reporters", definition=_PLANNED, steps=_STEPS, reviewers=["echo-1", "pen-1"]),
    ),
    ("collaboration", "report-7", "pen-1", teams.PlanReviewed(member="pen-1", accept=True, comment="good")),
    ("collaboration", "report-7", "echo-1", teams.PlanAccepted()),
    ("collaboration", "report-7", "echo-1", teams.PlanRejected(["echo-1"])),
)

_TEAM: Final = team_queries.TeamRow(
    team="reporters",
    goal="a report",
    skills=_SKILLS,
    members=_MEMBERS,
    cost=2.0,
    method="exact",
    bound=1.0,
    reasons=_REASONS,
    formed_at=_NOW,
    by="ops",
    worth=0.05,
    pairs=_PAIRS,
)
_PLAN: Final = team_queries.TeamPlanRow(
    plan="report-7",
    team="reporters",
    state="proposed",
    definition=_PLANNED,
    steps=_STEPS,
    proposed_at=_NOW + 1,
    by="ops",
    reviews=[team_queries.ReviewRow(member="pen-1", accept=True, comment="good")],
    waiting=["echo-1"],
)
_POSITIONS: Final = {"podium-events-collaboration": 12}

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    team_queries.GetTeam: (
        team_queries.GetTeam(team="reporters"),
        team_queries.TeamAnswer(positions=_POSITIONS, team=_TEAM, plans=[_PLAN]),
    ),
    team_queries.ListTeams: (
        team_queries.ListTeams(limit=10),
        team_queries.TeamsAnswer(positions=_POSITIONS, teams=[_TEAM]),
    ),
    team_queries.GetTeamPlan: (
        team_queries.GetTeamPlan(plan="report-7", fresh=True),
        team_queries.TeamPlanAnswer(positions=_POSITIONS, plan=_PLAN),
    ),
}
