"""Answers about shared documents."""

from __future__ import annotations

import msgspec
from sqlalchemy import and_, or_, select

from podium.contracts.document_queries import (
    DocumentAnswer,
    DocumentDetail,
    DocumentHistory,
    DocumentHistoryAnswer,
    DocumentRow,
    DocumentsAnswer,
    DocumentUpdates,
    GetDocument,
    ListDocuments,
    RevisionRow,
    UpdatesAnswer,
)

from .pages import fitting, read_cursor, write_cursor
from .sources import Failed, Sources
from .store import View


async def get_document(sources: Sources, query: GetDocument) -> DocumentAnswer:
    document, positions = await sources.view(lambda view: _find(view, query.document_id))
    return DocumentAnswer(positions=positions, document=document)


async def list_documents(sources: Sources, query: ListDocuments) -> DocumentsAnswer:
    behind = None if query.cursor is None else read_cursor(query.cursor, tuple[float, str])

    def read(view: View) -> list[DocumentRow]:
        table = view.documents.documents.c
        wanted = select(table.content)
        if query.kind is not None:
            wanted = wanted.where(table.kind == query.kind)
        if query.closed is not None:
            wanted = wanted.where(table.closed.is_(query.closed))
        if behind is not None:
            at, name = behind
            later = and_(table.updated_at == at, table.document_id < name)
            wanted = wanted.where(or_(table.updated_at < at, later))
        wanted = wanted.order_by(table.updated_at.desc(), table.document_id.desc()).limit(query.limit + 1)
        return [msgspec.json.decode(text, type=DocumentRow) for text in view.connection.scalars(wanted)]

    found, positions = await sources.view(read)
    count = min(query.limit, fitting(found, sources.room))
    more = count < len(found)
    last = found[count - 1] if more else None
    return DocumentsAnswer(
        positions=positions,
        documents=found[:count],
        next=write_cursor(last.updated_at, last.document_id) if last is not None else None,
    )


async def document_history(sources: Sources, query: DocumentHistory) -> DocumentHistoryAnswer:
    before = None if query.cursor is None else read_cursor(query.cursor, tuple[int])[0]

    def read(view: View) -> list[RevisionRow]:
        _find(view, query.document_id)
        table = view.documents.updates.c
        wanted = select(table.content).where(table.document_id == query.document_id)
        if before is not None:
            wanted = wanted.where(table.revision < before)
        wanted = wanted.order_by(table.revision.desc()).limit(query.limit + 1)
        return [msgspec.json.decode(text, type=RevisionRow) for text in view.connection.scalars(wanted)]

    found, positions = await sources.view(read)
    count = min(query.limit, fitting(found, sources.room))
    return DocumentHistoryAnswer(
        positions=positions,
        revisions=found[:count],
        next=write_cursor(found[count - 1].revision) if count < len(found) else None,
    )


async def document_updates(sources: Sources, query: DocumentUpdates) -> UpdatesAnswer:
    room = sources.room

    def read(view: View) -> tuple[DocumentDetail, list[bytes]]:
        document = _find(view, query.document_id)
        table = view.documents.updates.c
        wanted = select(table.update).where(table.document_id == query.document_id, table.revision > query.after)
        updates: list[bytes] = []
        left = room
        for update in view.connection.scalars(wanted.order_by(table.revision).limit(query.limit)):
            left -= len(update) * 4 // 3 + 8
            if left < 0 and updates:
                break
            updates.append(bytes(update))
        return document, updates

    (document, updates), positions = await sources.view(read)
    return UpdatesAnswer(
        positions=positions, kind=document.kind, first=query.after + 1, updates=updates, revision=document.revision
    )


def _find(view: View, name: str) -> DocumentDetail:
    """Raises: Failed"""
    table = view.documents.documents.c
    text = view.connection.scalar(select(table.content).where(table.document_id == name))
    if text is None:
        raise Failed("not_found", f"there is no document {name}")
    return msgspec.json.decode(text, type=DocumentDetail)
