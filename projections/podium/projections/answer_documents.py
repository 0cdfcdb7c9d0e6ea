"""Answers about shared documents."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

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

from .newest import newest_first
from .pages import page, read_cursor
from .sources import Failed, Sources
from .store import View


async def get_document(sources: Sources, query: GetDocument) -> DocumentAnswer:
    document, positions = await sources.view(lambda view: _find(view, query.document_id))
    return DocumentAnswer(positions=positions, document=document)


async def list_documents(sources: Sources, query: ListDocuments) -> DocumentsAnswer:
    before = None if query.cursor is None else read_cursor(query.cursor, tuple[float, str])

    def read(view: View) -> list[DocumentRow]:
        table = view.documents.documents.c
        wanted = select(table.content)
        if query.kind is not None:
            wanted = wanted.where(table.kind == query.kind)
        if query.closed is not None:
            wanted = wanted.where(table.closed.is_(query.closed))
        wanted = newest_first(wanted, table.updated_at, table.document_id, query.limit + 1, before)
        return [msgspec.json.decode(text, type=DocumentRow) for text in view.connection.scalars(wanted)]

    found, positions = await sources.view(read)
    rows, cursor = page(found, query.limit, sources.room, lambda row: row, _place)
    return DocumentsAnswer(positions=positions, documents=rows, next=cursor)


def _place(document: DocumentRow) -> tuple[float, str]:
    return document.updated_at, document.document_id


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
    rows, cursor = page(found, query.limit, sources.room, lambda row: row, lambda row: (row.revision,))
    return DocumentHistoryAnswer(positions=positions, revisions=rows, next=cursor)


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
