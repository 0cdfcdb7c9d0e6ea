"""Whatever is inserted and selected, the recorders do as the library's SQLite recorders do."""

from __future__ import annotations

from uuid import UUID, uuid5

from eventsourcing.persistence import IntegrityError, ProcessRecorder, StoredEvent, Tracking
from eventsourcing.sqlite import SQLiteDatastore, SQLiteProcessRecorder
from eventsourcing.utils import Environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium.eventstore import JetStreamFactory, JetStreamProcessRecorder, Place

SPACE = UUID("8b1c0a3e-93c5-4b5c-8a83-6a9b2c4f3f10")

aggregates = st.integers(0, 2)
versions = st.integers(0, 12)
saves = st.lists(st.tuples(aggregates, versions), max_size=6)
positions = st.none() | st.integers(1, 6)
bounds = st.none() | st.integers(-1, 13)
selects = st.tuples(aggregates, bounds, bounds, st.booleans(), st.none() | st.integers(1, 4))


def events(test: int, save: list[tuple[int, int]]) -> list[StoredEvent]:
    return [
        StoredEvent(uuid5(SPACE, f"{test} {aggregate}"), version, f"topic{version % 3}", bytes([version]))
        for aggregate, version in save
    ]


def insert(recorder: ProcessRecorder, save: list[StoredEvent], tracking: Tracking | None) -> object:
    """The notification ids, None for no events, or that it was refused."""
    try:
        return recorder.insert_events(save, tracking=tracking) or None
    except IntegrityError:
        return "refused"


def test_any_history(environment: Environment):
    factory = JetStreamFactory(environment)
    count = 0

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        history=st.lists(st.tuples(saves, positions), max_size=12),
        asked=st.lists(selects, min_size=1, max_size=6),
        start=st.none() | st.integers(0, 20),
        limit=st.integers(1, 20),
        stop=st.none() | st.integers(0, 20),
        topics=st.lists(st.sampled_from(["topic0", "topic1"]), unique=True),
        inclusive=st.booleans(),
    )
    def check(history, asked, start, limit, stop, topics, inclusive):
        nonlocal count
        count += 1
        sqlite = SQLiteProcessRecorder(SQLiteDatastore(":memory:"))
        sqlite.create_table()
        ours = JetStreamProcessRecorder(factory.datastore, Place(factory.datastore.settings.prefix, "any", str(count)))
        both: tuple[ProcessRecorder, ProcessRecorder] = (ours, sqlite)

        for save, position in history:
            tracking = None if position is None else Tracking("upstream", position)
            told = [insert(recorder, events(count, save), tracking) for recorder in both]
            assert told[0] == told[1]
        for aggregate, gt, lte, desc, most in asked:
            originator = uuid5(SPACE, f"{count} {aggregate}")
            found = [recorder.select_events(originator, gt=gt, lte=lte, desc=desc, limit=most) for recorder in both]
            assert found[0] == found[1]
        pages = [
            recorder.select_notifications(start, limit, stop, topics, inclusive_of_start=inclusive) for recorder in both
        ]
        assert pages[0] == pages[1]
        assert ours.max_notification_id() == sqlite.max_notification_id()
        assert ours.max_tracking_id("upstream") == sqlite.max_tracking_id("upstream")
        sqlite.datastore.close()

    try:
        check()
    finally:
        factory.close()
