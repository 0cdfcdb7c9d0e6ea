"""Answers about health: rows of what was said, and what health's owner says now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from podium.contracts.health_queries import (
    AgentHealthAnswer,
    AgentHealthRow,
    GetAgentHealth,
    HealthOverview,
    HealthOverviewAnswer,
    HoldRow,
    ListPlans,
    ListRecoveries,
    PlanRow,
    PlansAnswer,
    RecoveriesAnswer,
    RecoveryRow,
)
from podium.contracts.query import ListPages

from .pages import fitting, page, read_cursor
from .sources import Failed, Sources
from .store import View

R = TypeVar("R", bound=Struct)

SHOWN = 100
MOST = 10_000
ALL = "all"


async def health_overview(sources: Sources, query: HealthOverview) -> HealthOverviewAnswer:
    def read(view: View) -> tuple[list[AgentHealthRow], list[HoldRow], int]:
        rows, connection = view.health, view.connection
        doubts = [row for _, _, row in rows.list(connection, AgentHealthRow, is_open=True, limit=MOST)]
        holds = [row for _, _, row in rows.list(connection, HoldRow, is_open=True, limit=MOST)]
        return doubts, holds, len(rows.list(connection, RecoveryRow, is_open=True, limit=MOST))

    (doubts, holds, recoveries), positions = await sources.view(read)
    report = await sources.health(ALL)
    return HealthOverviewAnswer(
        positions=positions,
        health=None if report is None else report.all,
        suspected=sum(row.standing == "suspected" for row in doubts),
        lost=sum(row.standing == "lost" for row in doubts),
        stalled=sum(bool(row.stalled) for row in doubts),
        doubts=doubts[:SHOWN],
        holds=holds[: fitting(holds, sources.room // 2)],
        recoveries=recoveries,
    )


async def agent_health(sources: Sources, query: GetAgentHealth) -> AgentHealthAnswer:
    name = query.agent_id

    def read(view: View) -> tuple[AgentHealthRow | None, list[HoldRow]]:
        row = view.health.find(view.connection, AgentHealthRow, name)
        found = view.health.list(view.connection, HoldRow, is_open=True, limit=MOST)
        holds = [hold for _, _, hold in found if (hold.scope, hold.name) in (("agent", name), ("all", ALL))]
        return row, holds

    (row, holds), positions = await sources.view(read)
    report = await sources.health(name)
    health = None if report is None else report.agent
    if row is None and health is None:
        raise Failed("not_found", f"health knows no agent {name}")
    row = row or AgentHealthRow(name, 0.0)
    return AgentHealthAnswer(positions=positions, agent=row, health=health, holds=holds)


async def list_recoveries(sources: Sources, query: ListRecoveries) -> RecoveriesAnswer:
    rows, cursor, positions = await page_of(sources, RecoveryRow, query, is_open=query.open)
    return RecoveriesAnswer(positions=positions, recoveries=rows, next=cursor)


async def page_of(
    sources: Sources, type: type[R], query: ListPages, *, is_open: bool | None
) -> tuple[list[R], str | None, dict[str, int]]:
    """Rows, the cursor of the next page, and the positions."""
    before = None if query.cursor is None else read_cursor(query.cursor, tuple[float, str])

    def read(view: View) -> Sequence[tuple[float, str, R]]:
        return view.health.list(view.connection, type, is_open=is_open, limit=query.limit + 1, before=before)

    found, positions = await sources.view(read)
    rows, cursor = page(found, query.limit, sources.room, lambda place: place[2], lambda place: place[:2])
    return rows, cursor, positions


async def list_plans(sources: Sources, query: ListPlans) -> PlansAnswer:
    def read(view: View) -> list[PlanRow]:
        return [row for _, _, row in view.health.list(view.connection, PlanRow, is_open=True, limit=MOST)]

    plans, positions = await sources.view(read)
    plans.sort(key=lambda plan: (plan.order, plan.plan_id))
    return PlansAnswer(positions=positions, plans=plans[: fitting(plans, sources.room)])
