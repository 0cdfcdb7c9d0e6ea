"""Events become rows in a database, each once, however they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select, text

from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import TaskCancelled, TaskFailed, TaskPaused, TaskResumed
from podium.projections import builds
from podium.projections.catalogue import PROJECTIONS
from podium.projections.database import Database
from podium.projections.received import UNREADABLE, Decoder, Received
from podium.projections.store import Behind, NotBuilt, Store, View
from podium.runtime.pull import Stored
from tests.projections.feed import (
    Event,
    Feed,
    assigned,
    attempt_failed,
    completed,
    life,
    registered,
    started,
    submitted,
    unregistered,
    updated,
)

SUBJECTS = Subjects()


def new_store(database: Database) -> Store:
    """With builds that answer and have no events yet."""
    store = Store(database)
    store.prepare()
    with database.write() as connection:
        for build in builds.read_builds(connection):
            builds.remove(connection, build)
        for name in PROJECTIONS:
            builds.begin(connection, store.instance(name, "a"), None, "test", 0.0)
        for build in builds.read_builds(connection):
            builds.go_live(connection, build, None)
    store.forget()
    return store


def emptied(database: Database) -> Store:
    """As a new one: where there are tables already, without their rows and positions. Making them takes seconds."""
    with database.read() as connection:
        if not inspect(connection).has_table(builds.POSITIONS.name):
            return new_store(database)
    store = Store(database)
    with database.write() as connection:
        connection.execute(builds.POSITIONS.delete())
        for name in PROJECTIONS:
            for table in reversed(store.instance(name, "a").metadata.sorted_tables):
                connection.execute(table.delete())
    return store


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def received(service: Service, events: Sequence[Event]) -> list[Received]:
    return Decoder(service, SUBJECTS).decode(Feed(service, SUBJECTS).messages(events))


def apply(store: Store, service: Service, events: Sequence[Received], cuts: Sequence[int] = ()) -> None:
    """In batches that end at the cuts."""
    edges = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(events)), len(events)]
    for start, end in pairwise(edges):
        if start < end:
            store.apply(service, events[start:end], after=events[start].sequence - 1)


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Everything in the tables that answer, and the positions."""

    def read(view: View) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {
            "positions": [{str(service): position for service, position in view.positions.items()}]
        }
        for projection in (view.agents, view.tasks, view.events):
            for name, table in projection.views().items():
                order = list(table.primary_key.columns)
                found[name] = [dict(row) for row in view.connection.execute(select(table).order_by(*order)).mappings()]
        return found

    return store.view(read)


def test_a_whole_life_in_rows(store: Store):
    apply(store, "router", received("router", life("t1", "a1")))
    found = rows(store)
    assert [(row["task_id"], row["phase"]) for row in found["tasks"]] == [("t1", "completed")]
    assert [(row["agent"], row["outcome"]) for row in found["task_assignments"]] == [("a1", "completed")]
    assert found["agent_attempts"] == [
        {"agent_id": "a1", "open": 0, "completed": 1, "failed": 0, "microseconds": 250_000}
    ]
    assert found["task_phases"] == [{"kind": "echo", "phase": "completed", "tasks": 1}]
    assert [(row["entity"], row["service"], row["sequence"], row["type"]) for row in found["events"]] == [
        ("t1", "router", 1, "podium.task_submitted.v1"),
        ("t1", "router", 2, "podium.task_assigned.v1"),
        ("t1", "router", 3, "podium.task_started.v1"),
        ("t1", "router", 4, "podium.task_completed.v1"),
    ]
    assert found["positions"] == [{"registry": 0, "router": 4, "health": 0, "collaboration": 0, "optimizer": 0}]


def test_agents_in_rows(store: Store):
    events = [registered("a1", {"x": 0.5}, slots=2), registered("a2"), updated("a1", {"y": 1.0}), unregistered("a2")]
    apply(store, "registry", received("registry", events), cuts=[2])
    found = rows(store)
    profiles = found["agent_profiles"]
    assert [(row["agent_id"], row["registered"], row["slots"]) for row in profiles] == [
        ("a1", True, 1),
        ("a2", False, 1),
    ]
    assert [tuple(row.values()) for row in found["agent_skills"]] == [("echo", "a2", 0.9), ("y", "a1", 1.0)]


def test_people_find_the_tables_by_plain_names(store: Store):
    apply(store, "router", received("router", life("t1", "a1")))
    with store.database.read() as connection:
        assert connection.execute(text("SELECT task_id, phase FROM tasks")).all() == [("t1", "completed")]
        assert connection.execute(text("SELECT agent, outcome FROM task_assignments")).all() == [("a1", "completed")]


# Any cut, any repetition


TASKS, AGENTS = ["t1", "t2", "t3"], ["a1", "a2"]


def task_events() -> st.SearchStrategy[Event]:
    tasks, agents, attempts = st.sampled_from(TASKS), st.sampled_from(AGENTS), st.integers(1, 3)
    closing = [TaskFailed("broken"), TaskCancelled("no"), TaskPaused("wait"), TaskResumed()]
    return st.one_of(
        st.builds(submitted, tasks, st.sampled_from(["parse", "echo"])),
        st.builds(assigned, tasks, agents, attempts),
        st.builds(assigned, tasks, agents, attempts),
        st.builds(started, tasks, agents, attempts),
        st.builds(completed, tasks, agents, attempts, duration=st.floats(0, 100)),
        st.builds(attempt_failed, tasks, agents, attempts),
        st.builds(Event, tasks, st.sampled_from(closing)),
    )


CUTS = st.lists(st.integers(1, 40), max_size=6)
FEW = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(events=st.lists(task_events(), min_size=1, max_size=40), cuts=CUTS, others=CUTS)
@FEW
def test_any_cut_into_batches_gives_the_same_rows(
    database: Database, events: list[Event], cuts: list[int], others: list[int]
):
    stored = received("router", [submitted(task) for task in TASKS] + events)
    store = emptied(database)
    apply(store, "router", stored, cuts)
    first = rows(store)
    store = emptied(database)
    apply(store, "router", stored, others)
    assert rows(store) == first
    assert_counts_agree(first)


def assert_counts_agree(found: dict[str, list[dict[str, Any]]]) -> None:
    """What is counted as events come is what there is to count."""
    phases: dict[tuple[str, str], int] = {}
    for row in found["tasks"]:
        key = (row["kind"], row["phase"])
        phases[key] = phases.get(key, 0) + 1
    assert {(row["kind"], row["phase"]): row["tasks"] for row in found["task_phases"]} == phases
    for tally in found["agent_attempts"]:
        own = [row["outcome"] for row in found["task_assignments"] if row["agent"] == tally["agent_id"]]
        assert tally["open"] == own.count(None)
        # A task whose name is that of a new one takes its attempts along, but not what its agents did.
        assert tally["completed"] >= own.count("completed")
        assert tally["failed"] >= own.count("failed")


@given(events=st.lists(task_events(), min_size=2, max_size=20), data=st.data())
@FEW
def test_events_that_come_again_change_nothing(database: Database, events: list[Event], data: st.DataObject):
    store = emptied(database)
    stored = received("router", [submitted(task) for task in TASKS] + events)
    apply(store, "router", stored)
    before = rows(store)
    start = data.draw(st.integers(0, len(stored) - 1))
    end = data.draw(st.integers(start + 1, len(stored)))
    store.apply("router", stored[start:end], after=stored[start].sequence - 1)
    assert rows(store) == before


def test_a_batch_that_was_applied_in_part_is_applied_for_the_rest(store: Store):
    stored = received("router", life("t1", "a1"))
    store.apply("router", stored[:2], after=0)
    store.apply("router", stored, after=0)
    assert [(row["phase"], row["tasks"]) for row in rows(store)["task_phases"]] == [("completed", 1)]


# Two writers, older copies, failures


def test_two_writers_on_one_database_count_each_event_once(database: Database):
    one, other = new_store(database), Store(database)
    stored = received("router", [event for n in range(20) for event in life(f"t{n}", "a1")])
    for start in range(0, 80, 8):
        writer, reader = (one, other) if start % 16 else (other, one)
        writer.apply("router", stored[start : start + 8], after=start)
        reader.apply("router", stored[start : start + 8], after=start)
    (tally,) = rows(one)["agent_attempts"]
    assert (tally["open"], tally["completed"], tally["microseconds"]) == (0, 20, 20 * 250_000)


def test_a_gap_is_never_skipped(store: Store):
    stored = received("router", life("t1", "a1"))
    with pytest.raises(Behind) as behind:
        store.apply("router", stored[2:], after=2)
    assert behind.value.position == 0
    assert not rows(store)["events"]


def test_what_fails_leaves_rows_and_position_as_they_were(store: Store, monkeypatch: pytest.MonkeyPatch):
    stored = received("router", life("t1", "a1"))
    store.apply("router", stored[:2], after=0)
    before = rows(store)
    events = store.instance("events", "a")

    def fail(*_: object) -> None:
        raise RuntimeError("a fault in the last projection of the batch")

    with monkeypatch.context() as patched:
        patched.setattr(events, "apply", fail)
        with pytest.raises(RuntimeError):
            store.apply("router", stored[2:], after=2)
    assert rows(store) == before
    store.apply("router", stored[2:], after=2)
    assert rows(store)["tasks"][0]["phase"] == "completed"


def test_without_a_build_of_this_version_there_is_no_view(store: Store):
    with store.database.write() as connection:
        connection.execute(builds.VERSIONS.update().where(builds.VERSIONS.c.name == "tasks").values(version=0))
    with pytest.raises(NotBuilt) as older:
        store.positions()
    assert not older.value.by_newer
    with store.database.write() as connection:
        connection.execute(builds.VERSIONS.update().where(builds.VERSIONS.c.name == "tasks").values(version=99))
    with pytest.raises(NotBuilt) as newer:
        store.positions()
    assert newer.value.by_newer


# What cannot be read


def broken_messages() -> Iterator[Stored]:
    good = Feed("router", SUBJECTS).messages(life("t1", "a1"))
    yield good[0]
    yield msgspec.structs.replace(good[1], payload=b"not json")
    envelope = msgspec.json.decode(good[2].payload)
    yield msgspec.structs.replace(
        good[2], payload=msgspec.json.encode(envelope | {"type": "podium.task_dreamt.v7", "data": {"of": "sheep"}})
    )
    yield msgspec.structs.replace(good[3], payload=msgspec.json.encode(envelope | {"time": "yesterday"}))
    yield Stored(5, "podium.evt.router.nonsense", b"[[[[", 1.0)
    yield Stored(6, "podium.evt.router.0.t1.task_started", b"[" * 100_000, 1.0)


def test_what_cannot_be_read_is_indexed_and_stops_nothing(store: Store, caplog: pytest.LogCaptureFixture):
    events = Decoder("router", SUBJECTS).decode(broken_messages())
    store.apply("router", events, after=0)
    found = rows(store)
    assert [(row["entity"], row["sequence"], row["type"]) for row in found["events"]] == [
        ("", 5, UNREADABLE),
        ("t1", 1, "podium.task_submitted.v1"),
        ("t1", 2, UNREADABLE),
        ("t1", 3, "podium.task_dreamt.v7"),
        ("t1", 4, UNREADABLE),
        ("t1", 6, UNREADABLE),
    ]
    assert found["tasks"][0]["phase"] == "queued"
    assert "podium.task_dreamt.v7" in caplog.text
    assert caplog.text.count("cannot be read") == 4
