"""A document as the service holds it: who may do what, who is in it, and its updates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import Struct
from pycrdt import Doc, merge_updates

from podium.contracts.documents import (
    ContentChange,
    DocumentCreated,
    DocumentEdited,
    DocumentGranted,
    DocumentJoined,
    DocumentKind,
    DocumentLeft,
    Role,
)

MAY_WRITE: tuple[Role, ...] = ("owner", "editor")


class Document(Struct):
    """An open document.

    Attributes:
        base: the updates up to the revision `base_revision`, put together.
        tail: the updates behind it, one for each revision.
        held: bytes of the tail.
        clients: Yjs client id, as text → the principal that writes by it.
        participants: who is in it → when it last showed that, seconds since the epoch, UTC.
    """

    kind: DocumentKind
    roles: dict[str, Role]
    others: Role
    max_participants: int
    idle_timeout: float
    max_bytes: int
    base: bytes = b""
    base_revision: int = 0
    tail: list[bytes] = []
    held: int = 0
    clients: dict[str, str] = {}
    participants: dict[str, float] = {}

    @property
    def revision(self) -> int:
        return self.base_revision + len(self.tail)

    @property
    def newest(self) -> bytes | None:
        """The update of the newest revision, if it is still there by itself."""
        return self.tail[-1] if self.tail else None

    def updates(self, revision: int | None = None) -> Iterator[bytes]:
        """All updates up to a revision that is not before the base; up to the newest without one."""
        if self.base:
            yield self.base
        yield from islice(self.tail, None if revision is None else revision - self.base_revision)

    def role(self, principal: str) -> Role:
        return self.roles.get(principal, self.others)


def created(event: DocumentCreated) -> Document:
    return Document(
        event.kind, dict(event.roles), event.others, event.max_participants, event.idle_timeout, event.max_bytes
    )


def evolve(
    document: Document, event: ContentChange | DocumentGranted | DocumentJoined | DocumentLeft, actor: str, at: float
) -> None:
    match event:
        case DocumentGranted():
            document.roles[event.principal] = event.role
        case DocumentJoined():
            document.participants[event.principal] = at
        case DocumentLeft():
            document.participants.pop(event.principal, None)
        case _:
            if actor in document.participants:
                document.participants[actor] = at
            if isinstance(event, DocumentEdited):
                document.clients.update(dict.fromkeys(map(str, event.clients), actor))
            document.tail.append(event.update)
            document.held += len(event.update)
            if document.held > document.max_bytes:
                _put_together(document)


def at_revision(document: Document, revision: int) -> Doc[Any]:
    """The Yjs document as it was; the revision is not before the base."""
    doc: Doc[Any] = Doc()
    with doc.transaction():
        for update in document.updates(revision):
            doc.apply_update(update)
    return doc


def _put_together(document: Document) -> None:
    """The older half of the tail becomes part of the base."""
    goal = document.held // 2
    count = taken = 0
    while taken < goal:
        taken += len(document.tail[count])
        count += 1
    document.base = merge_updates(*document.updates(document.base_revision + count))
    document.base_revision += count
    del document.tail[:count]
    document.held -= taken
