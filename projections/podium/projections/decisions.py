"""What agents decide together, folded into rows: each noun's own fold, and one table for all of them.

Each is shown whole, so a row is JSON, with what lists are filtered and ordered by in columns of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, TypeVar, get_args

import msgspec
from msgspec import Struct
from sqlalchemy import Boolean, Column, Connection, Dialect, Double, Index, Text, select

from podium.contracts.ballots import BallotEvent
from podium.contracts.consensus import ConsensusEvent
from podium.contracts.negotiations import NegotiationEvent
from podium.contracts.subjects import Service
from podium.contracts.tenders import TenderEvent

from .database import NAME
from .decision_ballots import BallotContent, fold_ballot
from .decision_conflicts import (
    ConflictContent,
    OverEvent,
    ResourceContent,
    ResourceEvent,
    conflict_place,
    fold_conflict,
    fold_resource,
)
from .decision_negotiations import NegotiationContent, fold_negotiation
from .decision_proposals import ProposalContent, fold_proposal
from .decision_tenders import TenderContent, fold_tender
from .newest import newest_first
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

Key = tuple[str, str]
"""A noun and a name."""

C = TypeVar("C", bound=Struct)

_text = msgspec.json.Encoder().encode


class Noun(Struct, frozen=True):
    """How one noun's events become its rows.

    Attributes:
        content: the type of what is stored of each.
        fold: `(what is stored, event, its data)` → what is stored then.
        place: `(open, at)`: whether it still matters, and the time by which lists are ordered.
    """

    name: str
    events: tuple[type[Struct], ...]
    content: type[Struct]
    fold: Callable[[Any, Received, Any], Struct | None]
    place: Callable[[Any], tuple[bool, float]]


NOUNS: Final[tuple[Noun, ...]] = (
    Noun(
        "ballot",
        get_args(BallotEvent),
        BallotContent,
        fold_ballot,
        lambda content: (content.row.result is None, content.row.opened_at),
    ),
    Noun(
        "proposal",
        get_args(ConsensusEvent),
        ProposalContent,
        fold_proposal,
        lambda content: (content.row.accepted is None, content.row.opened_at),
    ),
    Noun(
        "negotiation",
        get_args(NegotiationEvent),
        NegotiationContent,
        fold_negotiation,
        lambda content: (content.row.result is None, content.row.opened_at),
    ),
    Noun(
        "tender",
        get_args(TenderEvent),
        TenderContent,
        fold_tender,
        lambda content: (content.row.result is None, content.row.announced_at),
    ),
    Noun("conflict", get_args(OverEvent), ConflictContent, fold_conflict, conflict_place),
    Noun(
        "resource",
        get_args(ResourceEvent),
        ResourceContent,
        fold_resource,
        lambda content: (bool(content.row.held or content.row.queue), content.at),
    ),
)
"""The one table of nouns."""

_BY_EVENT: Final[dict[type, Noun]] = {event: noun for noun in NOUNS for event in noun.events}
_BY_NAME: Final = {noun.name: noun for noun in NOUNS}
_BY_CONTENT: Final = {noun.content: noun for noun in NOUNS}


class Decisions(Projection):
    name = "decisions"
    version = 4
    services: ClassVar[tuple[Service, ...]] = ("collaboration",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "decision_rows",
            Column("noun", NAME, primary_key=True),
            Column("name", NAME, primary_key=True),
            Column("open", Boolean, nullable=False),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
        )
        Index(self.index_name("decision_rows_at"), self.rows.c.noun, self.rows.c.at)
        self._replace = replacing(self.rows, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        keyed = [
            (event, noun, (noun.name, event.entity))
            for event in events
            if (noun := _BY_EVENT.get(type(event.data))) is not None
        ]
        if not keyed:
            return
        contents = self._load(connection, {key for _, _, key in keyed})
        for event, noun, key in keyed:
            contents[key] = noun.fold(contents.get(key), event, event.data)
        rows: list[tuple[Any, ...]] = []
        for key in sorted(contents):
            content = contents[key]
            if content is not None:
                rows.append((*key, *_BY_NAME[key[0]].place(content), _text(content).decode()))
        self._replace.run(connection, rows)

    def _load(self, connection: Connection, keys: set[Key]) -> dict[Key, Struct | None]:
        rows, found = self.rows.c, dict[Key, Struct | None]()
        for noun in sorted({noun for noun, _ in keys}):
            names = [name for of, name in keys if of == noun]
            query = select(rows.name, rows.content).where(rows.noun == noun, rows.name.in_(names))
            for row in connection.execute(query):
                found[noun, row.name] = msgspec.json.decode(row.content, type=_BY_NAME[noun].content)
        return found

    def find(self, connection: Connection, content: type[C], name: str) -> C | None:
        rows = self.rows.c
        noun = _BY_CONTENT[content].name
        text = connection.scalar(select(rows.content).where(rows.noun == noun, rows.name == name))
        return None if text is None else msgspec.json.decode(text, type=content)

    def list(
        self,
        connection: Connection,
        content: type[C],
        *,
        is_open: bool | None,
        limit: int,
        before: tuple[float, str] | None = None,
    ) -> Sequence[tuple[float, str, C]]:
        """Contents of rows with their places, the newest first; `before`: only those behind that place."""
        rows = self.rows.c
        query = select(self.rows).where(rows.noun == _BY_CONTENT[content].name)
        if is_open is not None:
            query = query.where(rows.open.is_(is_open))
        query = newest_first(query, rows.at, rows.name, limit, before)
        decode: Callable[[str], C] = msgspec.json.Decoder(content).decode
        return [(row.at, row.name, decode(row.content)) for row in connection.execute(query)]
