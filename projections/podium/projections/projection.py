"""What a projection is: tables, and a fold of events into them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from sqlalchemy import Connection, Dialect, MetaData, Table
from sqlalchemy.schema import SchemaItem

from podium.contracts.subjects import Service

from .received import Received

Slot = Literal["a", "b"]
"""Where a build stands: while one slot answers, the other is built."""


class Projection(ABC):
    """A fold of event streams into tables. An instance is one build of it.

    The rows depend on the events alone and not on how they were cut into batches; nothing else may
    be looked at, no clock and no other projection. The names of the tables carry version and slot, so
    that a build stands beside the one that answers; a view without them always shows that one.

    Args:
        slot: which of the two builds.
        dialect: of the database that `apply` will be called with.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Counts up with any change of tables or fold: then it is built anew."""
    services: ClassVar[tuple[Service, ...]]
    """Whose events it folds."""

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        self.slot: Slot = slot
        self.metadata = MetaData()
        self._suffix = suffix(self.version, slot)

    @abstractmethod
    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        """Fold events, in the order of their stream, that were not folded before."""

    def forget(self) -> None:  # noqa: B027 - most keep nothing
        """Drop what is kept of the tables in memory: they may not be as `apply` left them."""

    def table(self, name: str, *items: SchemaItem, clustered: bool = False) -> Table:
        """A table of this build; `clustered` stores its rows in the order of the primary key (SQLite)."""
        return Table(name + self._suffix, self.metadata, *items, sqlite_with_rowid=not clustered)

    def index_name(self, name: str) -> str:
        return f"{name}{self._suffix}_idx"

    def views(self) -> dict[str, Table]:
        """The tables by the names under which people look at them."""
        return {table.name.removesuffix(self._suffix): table for table in self.metadata.sorted_tables}


def suffix(version: int, slot: Slot) -> str:
    return f"_v{version}{slot}"
