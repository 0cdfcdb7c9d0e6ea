"""The profiles of agents, folded from the registry's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Boolean, Column, Connection, Dialect, Double, Index, Integer, Text, delete, select

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.subjects import Service

from .database import NAME
from .projection import Projection, Slot
from .received import Received
from .statements import inserting

_text = msgspec.json.Encoder().encode


class AgentProfileRow(Struct):
    """A row of `agent_profiles`; times are seconds since the epoch, UTC; `profile` is an object in JSON."""

    agent_id: str
    registered: bool
    type: str | None
    slots: int
    profile: str
    registered_at: float
    updated_at: float


def fold(rows: dict[str, AgentProfileRow], events: Sequence[Received]) -> set[str]:
    """Change the rows as the events say; returns the names of those that changed."""
    changed: set[str] = set()
    for event in events:
        match event.data:
            case AgentRegistered():
                rows[event.entity] = _row(event, event.data.profile, event.at)
            case AgentUpdated() if (row := rows.get(event.entity)) is not None:
                rows[event.entity] = _row(event, event.data.profile, row.registered_at)
            case AgentUnregistered() if (row := rows.get(event.entity)) is not None:
                row.registered = False
                row.updated_at = event.at
            case _:
                continue
        changed.add(event.entity)
    return changed


def _row(event: Received, profile: AgentProfile, registered_at: float) -> AgentProfileRow:
    return AgentProfileRow(
        agent_id=event.entity,
        registered=True,
        type=profile.type,
        slots=profile.slots,
        profile=_text(profile).decode(),
        registered_at=registered_at,
        updated_at=event.at,
    )


class Agents(Projection):
    name = "agents"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("registry",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.profiles = self.table(
            "agent_profiles",
            Column("agent_id", NAME, primary_key=True),
            Column("registered", Boolean, nullable=False),
            Column("type", NAME),
            Column("slots", Integer, nullable=False),
            Column("profile", Text, nullable=False),
            Column("registered_at", Double, nullable=False),
            Column("updated_at", Double, nullable=False),
        )
        Index(self.index_name("agent_type"), self.profiles.c.type, self.profiles.c.agent_id)
        self.skills = self.table(
            "agent_skills",
            Column("skill", NAME, primary_key=True),
            Column("agent_id", NAME, primary_key=True),
            Column("level", Double, nullable=False),
            clustered=True,
        )
        Index(self.index_name("agent_skills_agent"), self.skills.c.agent_id)
        self._insert = inserting(self.profiles, dialect)
        self._insert_skills = inserting(self.skills, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        profiles, skills = self.profiles, self.skills
        ids = {event.entity for event in events}
        found = connection.execute(select(profiles).where(profiles.c.agent_id.in_(ids)))
        rows = {row.agent_id: AgentProfileRow(*row) for row in found}
        changed = fold(rows, events)
        if not changed:
            return
        connection.execute(delete(profiles).where(profiles.c.agent_id.in_(changed)))
        connection.execute(delete(skills).where(skills.c.agent_id.in_(changed)))
        self._insert.run(connection, [astuple(rows[agent]) for agent in sorted(changed)])
        self._insert_skills.run(
            connection,
            [
                (skill, agent, level)
                for agent in sorted(changed)
                for skill, level in msgspec.json.decode(rows[agent].profile, type=AgentProfile).skills.items()
            ],
        )
