"""The order of steps where agents are few, and what no order can be below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podium.contracts.definitions import read_value
from podium.contracts.definitions.graph import upward_ranks
from podium.router.workflows.floor import floor
from podium.router.workflows.order import Work, ranks_with, shortest
from podium.router.workflows.simulation import Simulation
from tests.workflows.flows import Flow

Graph = dict[str, tuple[str, ...]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, dict[str, float], dict[str, str]]:
    """Who waits for whom, how long each takes, and in whose slots it is done."""
    needed: Graph = {}
    for number in range(draw(st.integers(1, 20))):
        names = list(needed)
        needed[f"s{number}"] = tuple(draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else [])
    seconds = {name: float(draw(st.integers(1, 20))) for name in needed}
    return needed, seconds, {name: draw(st.sampled_from(["a", "b"])) for name in needed}


def end(needed: Graph, seconds: dict[str, float], ranks: Any, pools: dict[str, str], slots: dict[str, int]) -> float:
    """When the last step is done by this order."""
    names, places = list(needed), list(slots)
    work = Work(
        [[names.index(other) for other in needed[name]] for name in names],
        [seconds[name] for name in names],
        [places.index(pools[name]) for name in names],
        list(slots.values()),
    )
    return work.forwards([ranks[name] for name in names])[1]


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(1, 4), st.integers(1, 4))
def test_no_order_is_worse_than_that_of_the_longest_way(graph: Any, a: int, b: int):
    needed, seconds, pools = graph
    ranks, slots = upward_ranks(needed, seconds), {"a": a, "b": b}
    found = ranks_with(needed, seconds, ranks, pools, slots)
    assert end(needed, seconds, found, pools, slots) <= end(needed, seconds, ranks, pools, slots) + 1e-9
    assert found == ranks_with(needed, seconds, ranks, pools, slots)


def test_who_never_has_to_wait_keeps_the_order_of_the_longest_way():
    needed: Graph = {"a": (), "b": (), "c": ("a",)}
    ranks = {"a": 3.0, "b": 1.0, "c": 1.0}
    assert ranks_with(needed, dict.fromkeys(needed, 1.0), ranks, dict.fromkeys(needed, "x"), {"x": 3}) is ranks


def packed(lengths: Sequence[float], slots: int) -> float:
    """The shortest time for independent tasks, by trying all."""
    loads, best = [0.0] * slots, sum(lengths)

    def place(rest: Sequence[float]) -> None:
        nonlocal best
        if not rest:
            best = min(best, max(loads))
        for slot in {load: slot for slot, load in enumerate(loads)}.values() if rest else ():
            if loads[slot] + rest[0] < best:
                loads[slot] += rest[0]
                place(rest[1:])
                loads[slot] -= rest[0]

    place(sorted(lengths, reverse=True))
    return best


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=9), st.integers(1, 4))
def test_the_floor_is_below_the_best_that_there_is(lengths: list[int], slots: int):
    steps = [str(number) for number in range(len(lengths))]
    seconds = dict(zip(steps, map(float, lengths), strict=True))
    best = packed(lengths, slots)
    assert floor(dict.fromkeys(steps, ()), steps, seconds, slots) <= best + 1e-9
    work = Work([[] for _ in lengths], lengths, [0] * len(lengths), [slots])
    assert work.forwards(shortest(work, lengths))[1] >= best - 1e-9


def test_longest_first_is_not_good_enough_for_three_on_a_slot():
    """Of 3, 3, 2, 2, 2 the longest first leaves two slots with 7 and 5; 3 + 3 and 2 + 2 + 2 are 6."""
    steps: list[dict[str, Any]] = [{"id": f"s{n}", "estimated_duration": s} for n, s in enumerate((3, 3, 2, 2, 2))]
    report = Simulation(read_value({"id": "w", "tasks": steps}), 2).run()
    assert (report.makespan, report.ratio) == (6.0, 1.0)


def test_the_order_waits_for_the_first_agent_that_can_do_it():
    """Who began before anyone was there is ordered for those that come."""
    flow = Flow()
    steps: list[dict[str, Any]] = [
        {"id": f"s{n}", "kind": f"k{s}", "skills": ["rare"], "estimated_duration": s}
        for n, s in enumerate((3, 3, 2, 2, 2))
    ]
    flow.define(*steps, output=1)
    flow.start()
    run = flow.state.flows.runs["r"]
    assert not run.is_ordered
    flow.agent("other", skills={"rare": 1.0}, slots=2)
    flow.reacts()
    flow.do(flow.held()[0])
    assert run.is_ordered
    flow.finish()
    assert flow.output() == 1
