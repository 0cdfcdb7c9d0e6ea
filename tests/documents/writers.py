"""Who writes in a shared document, with a replica of its own and any Yjs types."""

from __future__ import annotations

from typing import Any

from pycrdt import Array, Doc, Map, Text

from podium.contracts.documents import ROOT, EditDocument


class Writer:
    """A replica that says what was changed since it was asked last."""

    def __init__(self, client: int, type: type[Any] = Text) -> None:
        self.doc: Doc[Any] = Doc(client_id=client)
        self.root: Any = self.doc.get(ROOT, type=type)
        self._made: list[bytes] = []
        self._observing = self.doc.observe(lambda event: self._made.append(event.update))

    def types(self, text: str, at: int = 0) -> EditDocument:
        self.root.insert(at, text)
        return self.command()

    def puts(self, key: str, value: Any) -> EditDocument:
        self.root[key] = Map(value) if isinstance(value, dict) else Array(value) if isinstance(value, list) else value
        return self.command()

    def command(self) -> EditDocument:
        update = self._made.pop()
        self._made.clear()
        return EditDocument(update)

    def hears(self, *updates: bytes) -> None:
        for update in updates:
            self.doc.apply_update(update)
        self._made.clear()
