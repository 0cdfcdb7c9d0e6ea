"""The router's state: its parts, and the index that follows from them."""

from __future__ import annotations

from .book import Book
from .index import Index
from .parts import Parts
from .settings import RouterSettings
from .workflows.book import Flows


class RouterState:
    """`book`, a part of `parts`, and `flows` are what is dumped."""

    __slots__ = ("book", "flows", "index", "parts")

    def __init__(self, parts: Parts, settings: RouterSettings, flows: Flows | None = None) -> None:
        self.parts = parts
        self.flows = flows or Flows()
        self.book: Book = parts.book
        self.index = Index(parts, settings)
