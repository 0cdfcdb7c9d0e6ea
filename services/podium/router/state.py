"""The router's state: its parts, and the index that follows from them."""

from __future__ import annotations

from .book import Book
from .index import Index
from .parts import Parts
from .settings import RouterSettings


class RouterState:
    def __init__(self, parts: Parts, settings: RouterSettings) -> None:
        self.parts = parts
        self.index = Index(parts, settings)

    @property
    def book(self) -> Book:
        return self.parts.book
