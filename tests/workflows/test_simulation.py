"""Recorded workflows, and random ones, on a virtual clock with the real rules."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.contracts.definitions import BadDefinition, Definition, read_value
from podium.contracts.definitions.graph import dependencies_of, successors_of, upward_ranks
from podium.contracts.definitions.wfformat import RUNTIME, from_recording
from podium.router.workflows.simulate import main, read_file
from podium.router.workflows.simulation import Simulation

FOLDER = Path(__file__).parents[3] / "shared/data/workflows"
RECORDINGS = sorted(FOLDER.glob("*.json*"))

needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="the recordings of ../shared/data/workflows are not here")


def list_scheduled(needed: Mapping[str, Sequence[str]], seconds: Mapping[str, float], slots: int) -> float:
    """The makespan of HEFT's order on equal machines, worked out without any of podium's rules."""
    ranks, successors = upward_ranks(needed, seconds), successors_of(needed)
    missing = {step: len(others) for step, others in needed.items()}
    ready: list[tuple[float, str]] = []
    for step, count in missing.items():
        if not count:
            heappush(ready, (-ranks[step], step))
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            step = heappop(ready)[1]
            heappush(running, (now + seconds[step], step))
        now, done = heappop(running)
        for other in successors[done]:
            missing[other] -= 1
            if not missing[other]:
                heappush(ready, (-ranks[other], other))
    return now


def times_of(definition: Definition) -> dict[str, float]:
    return {step.id: float(str(step.metadata.get(RUNTIME, 1.0))) for step in definition.tasks}


@needs_recordings
@pytest.mark.parametrize("slots", [4, 16, 64])
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_every_recording_is_done_in_order_and_about_as_fast_as_can_be(path: Path, slots: int):
    definition = read_file(path)
    report = Simulation(definition, slots).run()
    assert report.completed
    assert report.violations == []
    assert report.tasks == len(definition.tasks)
    ideal = list_scheduled(dependencies_of(definition.tasks), times_of(definition), slots)
    assert report.makespan <= 1.0001 * ideal
    assert report.floor - 1e-6 <= report.makespan <= 1.02 * report.floor


@st.composite
def graphs(draw: st.DrawFn) -> Definition:
    count = draw(st.integers(1, 25))
    steps: list[dict[str, Any]] = []
    for number in range(count):
        before = [f"s{other}" for other in range(number)]
        needed = draw(st.lists(st.sampled_from(before), unique=True, max_size=4)) if before else []
        seconds = draw(st.integers(1, 20))
        steps.append(
            {"id": f"s{number}", "dependencies": needed, "estimated_duration": seconds, "metadata": {RUNTIME: seconds}}
        )
    return read_value({"id": "w", "tasks": draw(st.permutations(steps))})


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(1, 6))
def test_no_step_of_any_graph_begins_too_early_and_none_waits_without_need(definition: Definition, slots: int):
    report = Simulation(definition, slots).run()
    assert report.completed
    assert report.violations == []
    # Graham's bound holds of every schedule that leaves no slot idle while a step could begin.
    assert report.makespan <= report.work / slots + report.critical_path * (1 - 1 / slots) + 1e-6
    assert report.makespan >= report.floor - 1e-6
    assert report.events == 3 + 5 * len(definition.tasks) + len(definition.tasks)


RECORDING = {
    "name": "two steps",
    "workflow": {
        "specification": {
            "tasks": [
                {"id": "a#1", "name": "a", "parents": [], "children": ["b#1"]},
                {"id": "b#1", "name": "b", "parents": ["a#1"], "children": []},
            ]
        },
        "execution": {"tasks": [{"id": "a#1", "runtimeInSeconds": 2}, {"id": "b#1", "runtimeInSeconds": 0}]},
    },
}


@pytest.mark.parametrize(
    "recording",
    [
        RECORDING,
        {"workflow": {"tasks": [{"name": "a", "runtime": 2, "children": ["b"]}, {"name": "b"}]}},
        {
            "workflow": {
                "jobs": [{"name": "a", "runtime": 2.0}, {"name": "b", "parents": [{"name": "a"}, "ghost", "b"]}]
            }
        },
        {
            "workflow": {
                "specification": {"tasks": [{"id": "1", "name": "x"}, {"id": "2", "name": "x", "parents": ["1", "1"]}]},
                "execution": {"tasks": [{"id": "1", "runtimeInSeconds": 1}, {"id": "1", "runtimeInSeconds": 2}]},
            }
        },
    ],
)
def test_every_version_of_the_format_is_understood(recording: dict[str, Any]):
    definition = read_value(from_recording(recording))
    first, second = definition.tasks
    assert (first.dependencies, second.dependencies) == ([], [first.id])
    assert [step.metadata[RUNTIME] for step in definition.tasks] == [2.0, 0.0]
    report = Simulation(definition, 2).run()
    assert (report.completed, report.makespan) == (True, 2.0)


@pytest.mark.parametrize(
    "recording", [{}, {"workflow": {}}, {"workflow": {"tasks": []}}, {"workflow": {"jobs": [1]}}, [1]]
)
def test_what_is_no_recording_is_told(recording: Any):
    with pytest.raises(BadDefinition):
        from_recording(recording)


def test_names_that_are_too_long_or_strange_stay_apart():
    tasks = [{"id": f"{'ü' * 5}{'x' * 90}.{number}", "parents": []} for number in range(3)]
    steps = from_recording({"workflow": {"tasks": tasks}})["tasks"]
    assert len({step["id"] for step in steps}) == 3
    assert all(len(step["id"]) <= 64 for step in steps)


def test_the_program_reads_files_of_each_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    recorded = tmp_path / "r.json.gz"
    recorded.write_bytes(gzip.compress(json.dumps(RECORDING).encode()))
    assert main([str(recorded), "--slots", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["completed"], report["makespan"], report["violations"]) == (True, 2.0, [])
    written = tmp_path / "w.yaml"
    written.write_text(
        "id: w\nroles: {r: [ann, bob]}\ntasks:\n"
        "- {id: a, for_each: '[1, 2, 3]', estimated_duration: 2}\n"
        "- {id: b, type: sequential, approve: {roles: [r], count: 2}}\n"
        "- {id: c, type: sequential, wait_for: go}\n"
        "- {id: d, dependencies: [c], max_iterations: 2}\n"
    )
    assert main([str(written), "--slots", "2"]) == 0
    assert "completed" in capsys.readouterr().out
    written.write_text("id: w\ntasks:\n- {id: a, dependencies: [b]}\n")
    assert main([str(written)]) == 2
    assert "line 3" in capsys.readouterr().err
    assert main([str(tmp_path / "nothing")]) == 2


def test_what_fails_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    written = tmp_path / "w.yaml"
    written.write_text("id: w\ntasks:\n- {id: a, when: input.x.y}\n")
    assert main([str(written), "--json"]) == 1
    assert "bad_expression" in json.loads(capsys.readouterr().out)["failure"]
