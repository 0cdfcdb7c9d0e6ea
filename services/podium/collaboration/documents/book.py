"""All shared documents of the service."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import Final, Literal

import msgspec
from msgspec import Struct

from .document import Document
from .replicas import Replicas

KEPT: Final = 100_000
"""How many names of closed documents are still known; the oldest is forgotten first."""


class _Dump(Struct, frozen=True):
    format: Literal["documents-1"]
    open: list[tuple[str, Document]]
    closed: list[str]


class DocumentsBook:
    """Documents by name.

    Attributes:
        closed: in the order in which they were closed.
        replicas: live Yjs documents: a cache, which follows from `open`.
    """

    __slots__ = ("_idle", "closed", "open", "replicas")

    def __init__(self) -> None:
        self.open: dict[str, Document] = {}
        self.closed: OrderedDict[str, None] = OrderedDict()
        self.replicas = Replicas()
        self._idle: list[tuple[float, str, str]] = []

    def close(self, name: str) -> None:
        del self.open[name]
        self.replicas.forget(name)
        self.closed[name] = None
        if len(self.closed) > KEPT:
            self.closed.popitem(last=False)

    # Who is idle

    def watch(self, name: str, principal: str) -> None:
        """Somebody is in a document from now on."""
        document = self.open[name]
        heapq.heappush(self._idle, (document.participants[principal] + document.idle_timeout, name, principal))

    def next_idle(self) -> tuple[float, str, str] | None:
        """Who is idle first if nothing happens: when, in which document, and who."""
        while self._idle:
            _, name, principal = self._idle[0]
            document = self.open.get(name)
            seen = document.participants.get(principal) if document is not None else None
            if document is None or seen is None:
                heapq.heappop(self._idle)
                continue
            entry = (seen + document.idle_timeout, name, principal)
            if entry == self._idle[0]:
                return entry
            heapq.heapreplace(self._idle, entry)
        return None

    # Snapshots

    def dump(self) -> bytes:
        content = _Dump("documents-1", sorted(self.open.items()), list(self.closed))
        return msgspec.json.encode(content, order="deterministic")

    @classmethod
    def load(cls, dumped: bytes) -> DocumentsBook:
        """Raises: msgspec.MsgspecError"""
        content = msgspec.json.decode(dumped, type=_Dump)
        book = cls()
        book.open = dict(content.open)
        book.closed = OrderedDict.fromkeys(content.closed)
        for name, document in book.open.items():
            for principal in document.participants:
                book.watch(name, principal)
        return book
