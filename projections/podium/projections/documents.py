"""Shared documents: what is known of each, and the updates that their content is made of.

The updates are kept here as well as in the stream, since who opens a document asks for all of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, assert_never

import msgspec
from sqlalchemy import Boolean, Column, Connection, Dialect, Double, Index, Integer, LargeBinary, Text, delete, select

from podium.contracts.document_queries import DocumentDetail, RevisionRow
from podium.contracts.documents import (
    ContentChange,
    DocumentClosed,
    DocumentCreated,
    DocumentEdited,
    DocumentEvent,
    DocumentGranted,
    DocumentJoined,
    DocumentLeft,
    DocumentRestored,
    StructureEdited,
)
from podium.contracts.subjects import Service

from .database import NAME
from .projection import Projection, Slot
from .received import Received
from .statements import inserting, replacing

_encode = msgspec.json.Encoder().encode


class Documents(Projection):
    name = "documents"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("collaboration",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.documents = self.table(
            "documents",
            Column("document_id", NAME, primary_key=True),
            Column("kind", NAME, nullable=False),
            Column("closed", Boolean, nullable=False),
            Column("updated_at", Double, nullable=False),
            Column("content", Text, nullable=False),
        )
        self.updates = self.table(
            "document_updates",
            Column("document_id", NAME, primary_key=True),
            Column("revision", Integer, primary_key=True, autoincrement=False),
            Column("content", Text, nullable=False),
            Column("update", LargeBinary, nullable=False),
            clustered=True,
        )
        Index(self.index_name("document_updated"), self.documents.c.updated_at)
        self._replace = replacing(self.documents, dialect)
        self._insert = inserting(self.updates, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        ours = [event for event in events if isinstance(event.data, DocumentEvent)]
        if not ours:
            return
        rows = self._load(connection, {event.entity for event in ours})
        added: dict[tuple[str, int], tuple[Any, ...]] = {}
        for event in ours:
            if isinstance(event.data, DocumentCreated):
                if event.entity in rows:
                    self._forget(connection, event.entity, added)
                rows[event.entity] = _created(event, event.data)
                continue
            row = rows.get(event.entity)
            if row is None:
                continue
            _fold(row, event)
            if isinstance(event.data, ContentChange):
                revision = _revision(event, event.data)
                text = _encode(revision).decode()
                added[event.entity, revision.revision] = (event.entity, revision.revision, text, event.data.update)
        self._replace.run(
            connection,
            [(name, row.kind, row.closed, row.updated_at, _encode(row).decode()) for name, row in rows.items()],
        )
        self._insert.run(connection, list(added.values()))

    def _load(self, connection: Connection, names: set[str]) -> dict[str, DocumentDetail]:
        table = self.documents.c
        found = connection.execute(select(table.document_id, table.content).where(table.document_id.in_(names)))
        return {name: msgspec.json.decode(content, type=DocumentDetail) for name, content in found}

    def _forget(self, connection: Connection, name: str, added: dict[tuple[str, int], tuple[Any, ...]]) -> None:
        """The name was that of another document, long closed."""
        connection.execute(delete(self.updates).where(self.updates.c.document_id == name))
        for key in [key for key in added if key[0] == name]:
            del added[key]


def _created(event: Received, data: DocumentCreated) -> DocumentDetail:
    return DocumentDetail(
        event.entity,
        data.kind,
        created_at=event.at,
        updated_at=event.at,
        title=data.title,
        roles=dict(data.roles),
        others=data.others,
        max_participants=data.max_participants,
        idle_timeout=data.idle_timeout,
        max_bytes=data.max_bytes,
        metadata=data.metadata,
    )


def _fold(row: DocumentDetail, event: Received) -> None:
    match event.data:
        case DocumentEdited() | StructureEdited() | DocumentRestored() as change:
            row.revision = change.revision
            row.bytes += len(change.update)
            row.updated_at = event.at
        case DocumentGranted() as granted:
            row.roles[granted.principal] = granted.role
        case DocumentJoined() as joined:
            row.participants = sorted({*row.participants, joined.principal})
        case DocumentLeft() as left:
            row.participants = [name for name in row.participants if name != left.principal]
        case DocumentClosed() as closed:
            row.closed, row.reason, row.participants, row.updated_at = True, closed.reason, [], event.at
        case _:
            pass


def _revision(event: Received, change: ContentChange) -> RevisionRow:
    about: dict[str, Any]
    match change:
        case DocumentEdited():
            about = {"change": "edited", "inserted": change.inserted}
        case StructureEdited():
            about = {"change": "structure", "path": change.path, "operation": change.operation}
        case DocumentRestored():
            about = {"change": "restored", "to": change.to}
        case _:
            assert_never(change)
    size = len(change.update)
    return RevisionRow(
        revision=change.revision, by=event.actor, at=event.at, bytes=size, sequence=event.sequence, **about
    )
