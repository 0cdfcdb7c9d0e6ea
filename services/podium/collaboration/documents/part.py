"""Shared documents as a part of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast, get_args

from msgspec import Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.documents import (
    CloseDocument,
    CreateDocument,
    DocumentClosed,
    DocumentCommand,
    DocumentCreated,
    DocumentEvent,
    DocumentJoined,
    DocumentLeft,
    EditDocument,
    EditStructure,
    GrantDocument,
    JoinDocument,
    LeaveDocument,
    RestoreDocument,
)
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit, Request

from . import document as life
from . import rules
from .book import DocumentsBook
from .document import Document


class Documents(Part):
    """Shared documents."""

    name: ClassVar[str] = "documents"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(DocumentCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(DocumentEvent)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        book = state.documents
        match cast(DocumentEvent, event):
            case DocumentCreated() as begun:
                book.open[entity] = life.created(begun)
            case DocumentClosed():
                book.close(entity)
            case known:
                life.evolve(book.open[entity], known, actor, at)
                if isinstance(known, DocumentJoined):
                    book.watch(entity, known.principal)

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        name = request.entity
        decided = self._decide(state.documents, name, request.principal, cast(DocumentCommand, request.command), now)
        return decided if isinstance(decided, Refused) else [Emit(name, event) for event in decided]

    def react(self, state: CollaborationState, now: float) -> Iterator[Emit]:
        while (idle := state.documents.next_idle()) is not None and idle[0] <= now:
            _, name, principal = idle
            yield Emit(name, DocumentLeft(principal, "idle"))

    def due(self, state: CollaborationState) -> float | None:
        idle = state.documents.next_idle()
        return None if idle is None else idle[0]

    def dump(self, state: CollaborationState) -> bytes:
        return state.documents.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.documents = DocumentsBook.load(dumped)

    def _decide(
        self, book: DocumentsBook, name: str, principal: str, command: DocumentCommand, now: float
    ) -> rules.Events | Refused:
        document = book.open.get(name)
        if document is None:
            return _absent(book, name, principal, command)
        match command:
            case CreateDocument():
                return Refused("document_exists", f"there is a document {name} already")
            case EditDocument():
                return rules.edit(principal, document, book.replicas.of(name, document), command)
            case EditStructure():
                return rules.edit_structure(principal, document, book.replicas.of(name, document), command)
            case RestoreDocument():
                return rules.restore(principal, document, book.replicas.of(name, document), command)
            case GrantDocument():
                return rules.grant(principal, document, command)
            case JoinDocument():
                return rules.join(principal, document, now)
            case LeaveDocument():
                return [DocumentLeft(principal, "left")] if principal in document.participants else []
            case CloseDocument():
                return _closed(principal, document, command)


def _absent(book: DocumentsBook, name: str, principal: str, command: DocumentCommand) -> rules.Events | Refused:
    match command:
        case CreateDocument() if name in book.closed:
            return Refused("document_exists", f"the document {name} is closed, and its name is taken")
        case CreateDocument():
            return rules.create(principal, command)
        case CloseDocument() | LeaveDocument() if name in book.closed:
            return []
        case _ if name in book.closed:
            return Refused("document_closed", f"the document {name} is closed")
        case _:
            return Refused("unknown_document", f"there is no document {name}")


def _closed(principal: str, document: Document, command: CloseDocument) -> rules.Events | Refused:
    if document.role(principal) != "owner":
        return Refused("not_allowed", f"{principal} is no owner of the document")
    return [DocumentClosed(command.reason)]
