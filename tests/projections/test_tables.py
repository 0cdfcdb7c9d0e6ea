"""The one table of projections and the one of queries hold all there are."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import sqlite

from podium.contracts.catalogue import EVENT_UNIONS
from podium.contracts.queries import QUERIES
from podium.projections.catalogue import PROJECTIONS, SERVICES
from podium.projections.endpoints import ANSWERS
from podium.projections.store import View


def test_every_query_has_an_answer():
    assert ANSWERS.keys() == QUERIES.keys()


def test_the_events_of_every_service_are_read():
    assert set(SERVICES) == set(EVENT_UNIONS)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_builds_of_one_projection_share_no_table(name: str):
    one, other = (PROJECTIONS[name](slot, sqlite.dialect()) for slot in ("a", "b"))
    assert one.views().keys() == other.views().keys()
    assert not one.metadata.tables.keys() & other.metadata.tables.keys()


def test_projections_share_no_table():
    views = [view for projection in PROJECTIONS.values() for view in projection("a", sqlite.dialect()).views()]
    assert len(views) == len(set(views))


def test_a_view_has_every_projection_by_its_name():
    assert set(View.__struct_fields__) - {"connection", "positions"} == set(PROJECTIONS)
