"""What a projection makes of a scenario's events, in a database of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine, select

from podium.contracts.catalogue import event_type
from podium.projections.projection import Projection
from podium.projections.received import Received
from tests.rules.scenario import Scenario


def received(scenario: Scenario) -> list[Received]:
    """Its events as a stream brings them."""
    return [
        Received(number, emit.entity, event_type(emit.event), at, actor, emit.event)
        for number, (at, actor, emit) in enumerate(scenario.events, 1)
    ]


def rows(kind: type[Projection], found: list[Received], size: int) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of its tables, by their views' names, when the events come `size` at a time."""
    engine = create_engine("sqlite://")
    projection = kind("a", engine.dialect)
    (service,) = projection.services
    with engine.begin() as connection:
        projection.metadata.create_all(connection)
        for start in range(0, len(found), size):
            projection.apply(connection, service, found[start : start + size])
        return {
            name: sorted(tuple(row) for row in connection.execute(select(table)))
            for name, table in projection.views().items()
        }
