"""The answer about pools: what was defined, how large each is to be, and what it has to do now."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import func, select

from podium.contracts.pools import ListPools, PoolRow, PoolsAnswer

from .answer_diagnosis import queued
from .pages import fitting
from .sources import Sources
from .store import View

MOST = 1_000


async def list_pools(sources: Sources, query: ListPools) -> PoolsAnswer:
    now = sources.now()
    pools, positions = await sources.view(lambda view: _pools(view, now))
    return PoolsAnswer(positions=positions, pools=pools[: fitting(pools, sources.room)])


def _pools(view: View, now: float) -> list[PoolRow]:
    rows = [row for _, _, row in view.health.list(view.connection, PoolRow, is_open=True, limit=MOST)]
    if not rows:
        return []
    waiting, scale = queued(view)
    agents = _agents(view, {row.type for row in rows})
    found: list[PoolRow] = []
    for row in sorted(rows, key=lambda row: row.pool):
        number, slots, busy = agents.get(row.type, (0, 0, 0))
        mine = [each for each in waiting if set(each.skills) <= set(row.skills)]
        since = min((each.since for each in mine), default=now)
        found.append(
            replace(
                row,
                agents=number,
                slots=slots,
                busy=busy,
                waiting=round(sum(each.tasks for each in mine) * scale),
                oldest=round(max(0.0, now - since), 3),
            )
        )
    return found


def _agents(view: View, types: set[str]) -> dict[str, tuple[int, int, int]]:
    """Type → how many agents are registered, their slots, and how many of those are in use."""
    profiles, tallies = view.agents.profiles, view.tasks.tallies
    registered = (
        select(
            profiles.c.type,
            func.count(),
            func.coalesce(func.sum(profiles.c.slots), 0),
            func.coalesce(func.sum(tallies.c.open), 0),
        )
        .select_from(profiles.outerjoin(tallies, tallies.c.agent_id == profiles.c.agent_id))
        .where(profiles.c.type.in_(types), profiles.c.registered.is_(True))
        .group_by(profiles.c.type)
    )
    return {
        type: (int(number), int(slots), int(busy)) for type, number, slots, busy in view.connection.execute(registered)
    }
