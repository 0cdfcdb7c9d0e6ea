"""The optimizer's words of who gets on with whom: what agents have done together, and how that went."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .envelope import Event
from .names import Name, RecordedName
from .query import Answer, Limit, Query

Deed = Literal["session", "handover", "step", "help", "vote", "message"]
"""What two agents do together: a session that ends; work that one begins where the other ended, in a session
(`handover`) or a workflow (`step`); help that one asked of the other; votes in the same ballot; a message that wants an
answer.
"""


class Tie(Struct, frozen=True, gc=False):
    """How often, and how often it went well; older ones count less."""

    count: float
    well: float


class Relationship(Struct, frozen=True, gc=False):
    """Of an agent with another one.

    Attributes:
        strength: how much they have to do with each other, 0–1: n/(n + 10) for n deeds.
        trust: how likely what they do together goes well, 0–1; `trust_low` and `trust_high` hold 90 % of that belief.
        deeds: what it rests on.
    """

    other: RecordedName
    strength: float
    trust: float
    trust_low: float
    trust_high: float
    deeds: dict[Deed, Tie]


class RelationshipsChanged(Event, frozen=True, kw_only=True, tag="relationships_changed"):
    """How an agent, the entity, gets on with others, whose names come after its own.

    Each takes the place of the one before between the two; others stay.

    Attributes:
        half_life: seconds after which a deed counts half.
    """

    half_life: float
    relationships: list[Relationship]


class RelationshipRow(Struct):
    """Between two agents, `agent` the one that comes first by name; the rest is as when it was measured.

    Attributes:
        at: when it was measured, seconds since the epoch, UTC.
    """

    agent: str
    other: str
    strength: float
    trust: float
    trust_low: float
    trust_high: float
    deeds: dict[Deed, Tie]
    at: float


class RelationshipAnswer(Answer, frozen=True, kw_only=True):
    relationship: RelationshipRow


class GetRelationship(Query, frozen=True, kw_only=True):
    """How two agents get on, whichever is named first."""

    wire = "relationships.get"
    answer = RelationshipAnswer

    agent: Name
    other: Name


class RelationshipsAnswer(Answer, frozen=True, kw_only=True):
    relationships: list[RelationshipRow]


class ListRelationships(Query, frozen=True, kw_only=True):
    """Who gets on with whom, the strongest first.

    Attributes:
        agent: only with this one.
        least: only those at least so strong, 0–1.
    """

    wire = "relationships.list"
    answer = RelationshipsAnswer

    agent: Name | None = None
    least: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    limit: Limit = 50
