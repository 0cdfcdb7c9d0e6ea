"""What the optimizer folds from its own events: what it has said."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import msgspec
from msgspec import Struct

from podium.contracts.optimizer import OptimizerEvent
from podium.contracts.policies import PolicyJudged, PolicyRolledBack, PolicyStaged
from podium.contracts.predictions import (
    CalibrationMeasured,
    DriftDetected,
    DriftEnded,
    Measure,
    PredictionsPublished,
)
from podium.contracts.relationships import RelationshipsChanged

from .experience import KINDS_KEPT
from .insights import Insights
from .policies import Policies
from .relationships import Said


class Table(Struct, frozen=True):
    """A table that was published, and when: seconds since the epoch, UTC."""

    at: float
    table: PredictionsPublished


class _Dump(Struct, frozen=True):
    format: Literal["optimizer-2"]
    version: int
    tables: list[tuple[str, Table]]
    policies: Policies
    drifts: list[tuple[str, Measure]]
    insights: Insights
    said: Said


class Book:
    """Changed by `fold` alone.

    Attributes:
        version: of the newest table.
        tables: kind → its newest table.
        policies: how agents are chosen, and what is tried.
        drifts: kinds that are no longer as they were, and in what.
        insights: what was found out.
        said: how agents get on.
    """

    def __init__(self) -> None:
        self.policies = Policies()
        self.drifts: set[tuple[str, Measure]] = set()
        self.insights = Insights()
        self.said = Said()
        self.version = 0
        self.tables: OrderedDict[str, Table] = OrderedDict()

    def fold(self, entity: str, event: OptimizerEvent, at: float) -> None:
        match event:
            case PredictionsPublished():
                self.version = event.version
                self.tables[entity] = Table(at, event)
                self.tables.move_to_end(entity)
                if len(self.tables) > KINDS_KEPT:
                    self.tables.popitem(last=False)
            case PolicyStaged() | PolicyRolledBack() | PolicyJudged():
                self.policies.fold(entity, event)
            case DriftDetected():
                self.drifts.add((entity, event.measure))
            case DriftEnded():
                self.drifts.discard((entity, event.measure))
            case RelationshipsChanged():
                self.said.fold(entity, event)
            case CalibrationMeasured():
                pass
            case _:
                self.insights.fold(entity, event)

    def dump(self) -> bytes:
        """Equal books give equal bytes."""
        tables, drifts = list(self.tables.items()), sorted(self.drifts)
        content = _Dump("optimizer-2", self.version, tables, self.policies, drifts, self.insights, self.said)
        return msgspec.msgpack.encode(content)

    @staticmethod
    def load(dumped: bytes) -> Book:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        book = Book()
        book.version, book.tables = content.version, OrderedDict(content.tables)
        book.policies, book.drifts, book.insights = content.policies, set(content.drifts), content.insights
        book.said = content.said
        return book
