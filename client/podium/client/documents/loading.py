"""A document's content from its updates, as the read model has them."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct
from pycrdt import Doc, Map, Text

from podium.client._asking import ask
from podium.client._connection import Connection
from podium.contracts.document_queries import DocumentUpdates
from podium.contracts.documents import ROOT, DocumentKind, whole_numbers
from podium.contracts.subjects import Subjects

SECONDS: Final = 30.0


class Loaded(Struct, frozen=True):
    """Updates behind a revision.

    Attributes:
        revision: of the last of them.
        position: the sequence of the event stream that they reflect.
    """

    kind: DocumentKind
    updates: list[bytes]
    revision: int
    position: int


async def load(
    connection: Connection, subjects: Subjects, name: str, *, after: int = 0, to: int | None = None
) -> Loaded:
    """All updates behind the revision `after`, up to the newest one that there is now, or up to `to`.

    Raises:
        QueryFailed: `not_found`, if there is no such document.
        ServiceUnavailable: nobody answers.
    """
    updates: list[bytes] = []
    revision, fresh = after, True
    stream = subjects.event_stream("collaboration")
    while True:
        query = DocumentUpdates(document_id=name, after=revision, fresh=fresh, wait=SECONDS)
        answer = await ask(connection, subjects, query)
        wanted = answer.updates if to is None else answer.updates[: max(0, to - revision)]
        updates += wanted
        revision += len(wanted)
        fresh = False
        if not wanted or revision >= answer.revision or revision == to:
            return Loaded(answer.kind, updates, revision, answer.positions[stream])


class Content:
    """A Yjs document and what it is as text or JSON."""

    def __init__(self, kind: DocumentKind, doc: Doc[Any]) -> None:
        self.doc = doc
        self.text = doc.get(ROOT, type=Text) if kind == "text" else None
        self.map: Map[Any] | None = None if kind == "text" else doc.get(ROOT, type=Map)

    def merge(self, updates: list[bytes]) -> None:
        with self.doc.transaction():
            for update in updates:
                self.doc.apply_update(update)

    def value(self) -> Any:
        """Of a text the string, of a structure what JSON carries."""
        return str(self.text) if self.text is not None else whole_numbers(self.map.to_py() if self.map else {})


def content_of(loaded: Loaded) -> Any:
    """The text or structure that updates from the first one on lead to."""
    content = Content(loaded.kind, Doc())
    content.merge(loaded.updates)
    return content.value()
