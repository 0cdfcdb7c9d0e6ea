"""The router's state: its parts, and the index that follows from them."""

from __future__ import annotations

from .book import Book
from .index import Index
from .parts import Parts
from .settings import RouterSettings


class RouterState:
    """`book` is the part of `parts` that is dumped."""

    __slots__ = ("book", "index", "parts")

    def __init__(self, parts: Parts, settings: RouterSettings) -> None:
        self.parts = parts
        self.book: Book = parts.book
        self.index = Index(parts, settings)
