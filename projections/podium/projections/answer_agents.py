"""Answers about agents."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Row, Select, and_, exists, select

from podium.contracts.agents import AgentProfile
from podium.contracts.queries import AgentAnswer, AgentRow, AgentsAnswer, GetAgent, ListAgents

from .heard import Heard
from .pages import page, read_cursor
from .sources import Failed, Sources
from .store import View

_profiles = msgspec.json.Decoder(AgentProfile)


async def get_agent(sources: Sources, query: GetAgent) -> AgentAnswer:
    def read(view: View) -> AgentRow | None:
        profiles = view.agents.profiles.c
        row = view.connection.execute(_rows(view).where(profiles.agent_id == query.agent_id)).first()
        return None if row is None else _agent(row)

    agent, positions = await sources.view(read)
    if agent is None:
        raise Failed("not_found", f"there is no agent {query.agent_id}")
    return AgentAnswer(positions=positions, agent=_with_beat(agent, sources.heard))


async def list_agents(sources: Sources, query: ListAgents) -> AgentsAnswer:
    (after,) = read_cursor(query.cursor, tuple[str]) if query.cursor is not None else ("",)

    def read(view: View) -> list[AgentRow]:
        profiles, skills = view.agents.profiles.c, view.agents.skills.c
        rows = _rows(view).where(profiles.agent_id > after).order_by(profiles.agent_id).limit(query.limit + 1)
        if query.registered is not None:
            rows = rows.where(profiles.registered.is_(query.registered))
        if query.type is not None:
            rows = rows.where(profiles.type == query.type)
        if query.skill is not None:
            has = and_(skills.skill == query.skill, skills.agent_id == profiles.agent_id)
            rows = rows.where(exists().where(has))
        return [_agent(row) for row in view.connection.execute(rows)]

    found, positions = await sources.view(read)
    told = partial(_with_beat, heard=sources.heard)
    rows, cursor = page(found, query.limit, sources.room, told, lambda agent: (agent.agent_id,))
    return AgentsAnswer(positions=positions, agents=rows, next=cursor)


def _rows(view: View) -> Select[Any]:
    profiles, tallies = view.agents.profiles, view.tasks.tallies
    return select(
        profiles,
        tallies.c.open,
        tallies.c.completed,
        tallies.c.failed,
        tallies.c.microseconds,
    ).select_from(profiles.outerjoin(tallies, tallies.c.agent_id == profiles.c.agent_id))


def _agent(row: Row[Any]) -> AgentRow:
    return AgentRow(
        agent_id=row.agent_id,
        registered=row.registered,
        profile=_profiles.decode(row.profile),
        registered_at=row.registered_at,
        updated_at=row.updated_at,
        open=row.open or 0,
        completed=row.completed or 0,
        failed=row.failed or 0,
        mean_duration=row.microseconds / row.completed / 1e6 if row.completed else None,
    )


def _with_beat(agent: AgentRow, heard: Heard) -> AgentRow:
    last = heard.beat(agent.agent_id)
    return agent if last is None else replace(agent, beat=last.beat, beat_at=last.at)
