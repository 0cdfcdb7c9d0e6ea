"""Answers about teams and their plans."""

from __future__ import annotations

from typing import Final

from podium.contracts.team_queries import (
    GetTeam,
    GetTeamPlan,
    ListTeams,
    TeamAnswer,
    TeamPlanAnswer,
    TeamPlanRow,
    TeamRow,
    TeamsAnswer,
)

from .pages import fitting
from .sources import Failed, Sources
from .store import View

SHOWN: Final = 20


async def get_team(sources: Sources, query: GetTeam) -> TeamAnswer:
    def read(view: View) -> tuple[TeamRow | None, list[TeamPlanRow]]:
        team = view.teams.find(view.connection, query.team)
        return team, list(view.teams.plans(view.connection, query.team, SHOWN))

    (team, plans), positions = await sources.view(read)
    if team is None:
        raise Failed("not_found", f"there is no team {query.team}")
    return TeamAnswer(positions=positions, team=team, plans=plans[: fitting(plans, sources.room // 2)])


async def list_teams(sources: Sources, query: ListTeams) -> TeamsAnswer:
    teams, positions = await sources.view(lambda view: view.teams.list(view.connection, query.open, query.limit))
    return TeamsAnswer(positions=positions, teams=list(teams)[: fitting(teams, sources.room)])


async def get_team_plan(sources: Sources, query: GetTeamPlan) -> TeamPlanAnswer:
    plan, positions = await sources.view(lambda view: view.teams.plan(view.connection, query.plan))
    if plan is None:
        raise Failed("not_found", f"there is no plan {query.plan}")
    return TeamPlanAnswer(positions=positions, plan=plan)
