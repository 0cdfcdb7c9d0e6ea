"""What may be asked about shared documents, and the answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from .documents import DocumentKind, Role
from .names import Name
from .query import Answer, Limit, ListPages, Page, Query


class DocumentRow(Struct, omit_defaults=True):
    """A document in a list; times are seconds since the epoch, UTC.

    Attributes:
        revision: of its content, 0 while it is empty.
        bytes: of its updates, all together.
        participants: principals that are in it.
    """

    document_id: str
    kind: DocumentKind
    created_at: float
    updated_at: float
    revision: int = 0
    bytes: int = 0
    title: str | None = None
    participants: list[str] = []
    closed: bool = False


class DocumentDetail(DocumentRow, kw_only=True, omit_defaults=True):
    """All of a document but its content, which `documents.updates` has."""

    roles: dict[str, Role]
    others: Role
    max_participants: int
    idle_timeout: float
    max_bytes: int
    metadata: dict[str, Any] = {}
    reason: str | None = None


class DocumentAnswer(Answer, frozen=True, kw_only=True):
    document: DocumentDetail


class GetDocument(Query, frozen=True, kw_only=True):
    """All of one document but its content."""

    wire = "documents.get"
    answer = DocumentAnswer

    document_id: Name


class DocumentsAnswer(Page, frozen=True, kw_only=True):
    documents: list[DocumentRow]


class ListDocuments(ListPages, frozen=True, kw_only=True):
    """The one changed last comes first.

    Attributes:
        closed: None for all.
    """

    wire = "documents.list"
    answer = DocumentsAnswer

    kind: DocumentKind | None = None
    closed: bool | None = False


class RevisionRow(Struct, frozen=True, omit_defaults=True):
    """One change of the content: who made it when (seconds since the epoch, UTC), and how.

    Attributes:
        bytes: of its update.
        inserted: items that are new in it; of a text, characters (UTF-16 units).
        path, operation: of `edit_structure`.
        to: the revision that was restored.
        sequence: of its event in the stream.
    """

    revision: int
    change: Literal["edited", "structure", "restored"]
    by: str
    at: float
    bytes: int
    sequence: int
    inserted: int | None = None
    path: list[str | int] | None = None
    operation: str | None = None
    to: int | None = None


class DocumentHistoryAnswer(Page, frozen=True, kw_only=True):
    revisions: list[RevisionRow]


class DocumentHistory(Query, frozen=True, kw_only=True):
    """Every change of a document's content, the newest first; `cursor` is the `next` of the page before."""

    wire = "documents.history"
    answer = DocumentHistoryAnswer

    document_id: Name
    limit: Limit = 100
    cursor: str | None = None


class UpdatesAnswer(Answer, frozen=True, kw_only=True):
    """Updates, as base64, of the revisions from `first` on.

    Attributes:
        revision: the document's newest; there are more updates to ask for until it is reached.
        kind: of the document.
    """

    kind: DocumentKind
    first: int
    updates: list[bytes]
    revision: int


class DocumentUpdates(Query, frozen=True, kw_only=True):
    """The updates behind a revision, the oldest first: all that a replica needs that has merged those before.

    Attributes:
        after: the revision that the replica has, 0 if it has nothing.
        limit: how many at the most; fewer come where they would not fit in a message.
    """

    wire = "documents.updates"
    answer = UpdatesAnswer

    document_id: Name
    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 10_000
