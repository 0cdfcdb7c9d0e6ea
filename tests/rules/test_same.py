"""The same questions have the same answers, everywhere and always."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import pytest

from tests.rules.scenario import command, names, router, submit
from tests.rules.story import digest, told


@pytest.mark.parametrize("seed", range(5))
def test_a_story_is_told_twice_in_the_same_way(seed):
    assert digest(told(seed)) == digest(told(seed))


def test_a_story_is_the_same_in_another_process_with_another_hash_seed():
    here = digest(told(7))
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        there = subprocess.run(
            [sys.executable, "-m", "tests.rules.story", "7"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.strip() == here


@pytest.mark.parametrize("seed", range(5))
def test_a_story_read_from_its_events_ends_in_the_same_state(seed):
    scenario = told(seed)
    dump = scenario.dump()
    assert scenario.replayed().dump() == dump
    assert scenario.decider.dump(scenario.decider.load(dump)) == dump


def test_a_dump_does_not_depend_on_how_it_came_about():
    one, other = router("a1"), router("a1")
    for scenario, order in ((one, ("t1", "t2")), (other, ("t2", "t1"))):
        scenario.agent("a1", slots=2)
        for name in ("t1", "t2"):
            scenario.asked(submit(resources={}), entity=name)
        for name in order:
            scenario.asked(command("pause_task"), entity=name)
    assert one.dump() == other.dump()


def test_a_snapshot_of_another_shape_is_not_misread():
    scenario = router("a1")
    for bad in (b"", b"\x80", msgspec.msgpack.encode({"format": "router-0"}), scenario.dump()[:-1]):
        with pytest.raises(msgspec.MsgspecError):
            scenario.decider.load(bad)


def test_a_restarted_router_goes_on_where_it_was():
    scenario = router("a1")
    scenario.asked(submit(), entity="t1")
    scenario.asked(submit(retry={"delay": 0}), entity="t2")
    scenario.state = scenario.decider.load(scenario.dump())
    assert scenario.reacts() == []
    scenario.agent("a1")
    emits = scenario.asked(command("complete_task", attempt=1), by="a1", entity="t1")
    assert names(emits) == ["task_started", "task_completed", "task_assigned"]
