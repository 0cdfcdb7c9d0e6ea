"""What one command costs does not grow with what waits. Calls are counted, time is not."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from tests.rules.scenario import START, RouterScenario, command, names, router, submit, tasks_of

# Made beforehand: the first decoding of a type takes many calls of its own.
COMPLETE = command("complete_task", attempt=1)
CANCEL = command("cancel_task")
NEW = submit(skills=["parse"])
KINDS: tuple[list[str], ...] = (["echo"], ["parse"], ["echo", "parse"], ["fly"], [])


def calls(action: Callable[[], Any]) -> int:
    """How many functions are called."""
    count = 0

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    gc.disable()  # others may have asked to be called then
    sys.setprofile(seen)
    try:
        action()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def with_waiting(count: int) -> RouterScenario:
    """Busy agents, and so many tasks behind them, of all kinds, priorities and principals."""
    scenario = router()
    for agent in ("a1", "a2", "a3"):
        scenario.agent(agent, "echo", "parse")
        scenario.asked(submit(), entity=f"with-{agent}")
    for start in range(0, count, 500):
        tasks = [
            {
                "task_id": f"t{n}",
                "task": {"kind": "k", "skills": KINDS[n % 5], "priority": n % 10, "deadline": START + 1e6 + n},
            }
            for n in range(start, min(count, start + 500))
        ]
        scenario.asked(command("submit_tasks", tasks=tasks), by=f"p{start % 3}", entity="batch")
    return scenario


def submitted(scenario: RouterScenario) -> None:
    assert names(scenario.asked(NEW, entity="new")) == ["task_submitted"]


def completed(scenario: RouterScenario) -> None:
    emits = scenario.asked(COMPLETE, by="a2", entity="with-a2")
    assert len(tasks_of(emits)) == 1


def cancelled(scenario: RouterScenario) -> None:
    assert names(scenario.asked(CANCEL, entity="t77")) == ["task_cancelled"]


def beaten(scenario: RouterScenario) -> None:
    scenario.beats("a1", cpu=0.5)
    assert scenario.reacts() == []


def changed(scenario: RouterScenario) -> None:
    scenario.agent("a1", "echo", "parse", model="m")
    assert scenario.reacts() == []


def arrived(scenario: RouterScenario) -> None:
    assert len(tasks_of(scenario.agent("a4", "parse").reacts())) == 1


@pytest.mark.parametrize("step", [submitted, completed, cancelled, beaten, changed, arrived])
def test_a_step_does_not_look_at_what_waits(step: Callable[[RouterScenario], None]):
    few, many = with_waiting(100), with_waiting(10_000)
    assert calls(partial(step, many)) <= calls(partial(step, few)) + 20


def test_a_decision_does_not_look_at_each_agent():
    counts: list[int] = []
    for count in (50, 2_000):
        scenario = router()
        for number in range(count):
            scenario.agent(f"a{number}", "parse")
        scenario.reacts()
        scenario.asked(NEW, entity="first")
        counts.append(calls(partial(scenario.asked, NEW)))
    assert counts[0] == counts[1]


def test_many_kinds_that_nobody_can_do_cost_nothing():
    counts: list[int] = []
    for kinds in (10, 2_000):
        scenario = router("a1")
        scenario.asked(submit(), entity="first")
        for number in range(kinds):
            scenario.asked(submit(skills=["echo", f"s{number}"], priority=9), entity=f"t{number}")
        scenario.asked(submit(), entity="last")
        counts.append(calls(partial(scenario.asked, COMPLETE, by="a1", entity="first")))
        assert scenario.state.book.hands["a1"].tasks == {"last": None}
    assert counts[1] <= counts[0] + 20


def test_what_comes_and_goes_leaves_nothing_behind():
    """Lazy deletion must not keep what is gone."""
    scenario = router("a1")
    scenario.asked(submit(), entity="first")
    for number in range(2_000):
        deadline = START + 1_000 + number
        scenario.asked(submit(priority=number % 10, deadline=deadline), entity=f"t{number}")
        if number % 100:
            scenario.asked(command("cancel_task"), entity=f"t{number}")
    index = scenario.state.index
    (line,) = {id(line): line for shelf in index.queue.shelves.values() for line in shelf.lines}.values()
    assert line.size == 20
    assert len(line.heap) <= 2 * 20 + 65
    assert all(len(shelf.heads) <= 2 * len(shelf.lines) + 65 for shelf in index.queue.shelves.values())
    assert len(index.timers._heap) <= 2 * len(index.timers) + 65
    assert list(index.tallies) == ["ops"]
