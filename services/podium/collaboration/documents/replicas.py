"""Live Yjs documents of those in the book, made when one is needed: a cache, of which no state depends.

A rule tries a change on the live document, which is then ahead of the book by that change. If its event follows, the
two agree again; if not, or if the change did not go well, the live document is made anew from the book.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from pycrdt import Doc, Map, Text

from podium.contracts.documents import ROOT, SERVICE_CLIENT, DocumentKind

from .content import plain
from .document import Document
from .scanning import Span, read_state, scan

LIVE: Final = 256


class Trial(Struct, frozen=True):
    """A change that can be made.

    Attributes:
        update: it, as an event has it.
        news: the items in it that were not there before.
    """

    update: bytes
    news: list[Span]


class Missing(ValueError):
    """Edits that build on others which are not there."""


class Replica:
    """One live document, at a revision of the book's or ahead of it by one change.

    Attributes:
        broken: a change did not go well; it is of no more use.
    """

    def __init__(self, document: Document) -> None:
        self.revision = document.revision
        self.ahead: bytes | None = None
        self.broken = False
        self._kind: DocumentKind = document.kind
        self._doc: Doc[Any] = Doc(client_id=SERVICE_CLIENT)
        self._text = self._doc.get(ROOT, type=Text) if document.kind == "text" else None
        self._map: Map[Any] | None = None if document.kind == "text" else self._doc.get(ROOT, type=Map)
        self._made: list[bytes] = []
        with self._doc.transaction():
            for update in document.updates():
                self._doc.apply_update(update)
        self._made.clear()

    def content(self) -> Any:
        """Text as a string, a structure as JSON."""
        return str(self._text) if self._text is not None else plain(self._map)

    def merge(self, update: bytes) -> Trial | None:
        """Try somebody's update; None if all of it is there already.

        Raises:
            BadUpdate, Missing
            ValueError, RuntimeError: the library cannot apply it.
        """
        spans = scan(update)
        before = read_state(self._doc.get_state())
        for span in spans:
            if span.start > before.get(span.client, 0):
                raise Missing(f"items of the client {span.client} before {span.start} are missing")
        self._try(lambda: self._doc.apply_update(update))
        after = read_state(self._doc.get_state())
        for span in spans:
            if after.get(span.client, 0) < span.end:
                self.broken = True
                raise Missing(f"items that those of the client {span.client} stand beside are missing")
        if not self._made:
            return None
        self.ahead = update
        grown = [Span(client, before.get(client, 0), end) for client, end in sorted(after.items())]
        return Trial(update, [span for span in grown if span.end > span.start])

    def write(self, change: Callable[[Text | Map[Any]], None]) -> Trial | None:
        """Try a change of the service's own; None if it changes nothing. Whatever `change` raises comes through."""
        target = self._text if self._text is not None else self._map
        assert target is not None
        self._try(lambda: change(target))
        if not self._made:
            return None
        self.ahead = self._made[-1]
        return Trial(self.ahead, [])

    def _try(self, change: Callable[[], None]) -> None:
        self._made.clear()
        # Observed for ever, a document would never be freed: the library holds it by its own observer.
        observing = self._doc.observe(lambda event: self._made.append(event.update))
        try:
            with self._doc.transaction():
                change()
        except Exception:
            self.broken = True
            raise
        except BaseException as panic:
            self.broken = True
            if type(panic).__name__ == "PanicException":  # the library's; it has no public class
                raise RuntimeError(str(panic)) from panic
            raise
        finally:
            self._doc.unobserve(observing)


class Replicas:
    """The live documents used last."""

    def __init__(self) -> None:
        self._live: OrderedDict[str, Replica] = OrderedDict()

    def of(self, name: str, document: Document) -> Replica:
        """The document as the book has it."""
        replica = self._live.pop(name, None)
        if replica is not None and document.revision == replica.revision + 1 and document.newest == replica.ahead:
            replica.revision, replica.ahead = document.revision, None
        if replica is None or replica.broken or replica.ahead is not None or replica.revision != document.revision:
            replica = Replica(document)
        self._live[name] = replica
        if len(self._live) > LIVE:
            self._live.popitem(last=False)
        return replica

    def forget(self, name: str) -> None:
        self._live.pop(name, None)
