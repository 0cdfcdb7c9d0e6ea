"""Answers about who gets on with whom."""

from __future__ import annotations

from podium.contracts.relationships import (
    GetRelationship,
    ListRelationships,
    RelationshipAnswer,
    RelationshipsAnswer,
)

from .pages import fitting
from .sources import Failed, Sources


async def get_relationship(sources: Sources, query: GetRelationship) -> RelationshipAnswer:
    one, other = query.agent, query.other
    found, positions = await sources.view(lambda view: view.relationships.find(view.connection, one, other))
    if found is None:
        raise Failed("not_found", f"{one} and {other} have done nothing together that is known")
    return RelationshipAnswer(positions=positions, relationship=found)


async def list_relationships(sources: Sources, query: ListRelationships) -> RelationshipsAnswer:
    rows, positions = await sources.view(
        lambda view: view.relationships.list(view.connection, agent=query.agent, least=query.least, limit=query.limit)
    )
    return RelationshipsAnswer(positions=positions, relationships=rows[: fitting(rows, sources.room)])
