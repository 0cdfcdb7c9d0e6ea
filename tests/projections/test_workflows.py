"""Rows of workflows, runs and steps: the same however their events were cut into batches."""

from __future__ import annotations

from typing import Any

import pytest

from podium.projections.received import Received
from podium.projections.workflows import Workflows
from tests.projections.folding import received, rows
from tests.workflows.flows import Broken, Flow


def events() -> list[Received]:
    """Of one run that is completed, one that fails, one that waits, and one that is closed and begun again."""

    def work(task: dict[str, Any]) -> Any:
        if task["input"] == "bad":
            raise Broken("no_luck")
        return task["input"]

    flow = Flow(work)
    flow.define(
        {"id": "a", "input": "${input}", "fallback": {"output": "saved"}},
        {"id": "b", "dependencies": ["a"], "when": "input != 'skip'", "for_each": "[1, 2]", "input": "${input}"},
    )
    flow.define({"id": "x", "wait_for": "go"}, id="v")
    for run in ("good", "bad", "skip"):
        flow.start(run, input=run)
        flow.finish()
        flow.now += 1
    flow.start("open", "v")
    flow.ask("pause_workflow", run="open", reason="lunch")
    flow.start("on", "v")
    flow.ask("pause_workflow", run="on", reason="lunch")
    flow.ask("resume_workflow", run="on")
    flow.start("gone", "v")
    flow.ask("cancel_workflow", run="gone", reason="enough")
    return received(flow)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_any_cut_gives_the_same_rows(size: int):
    found = events()
    assert rows(Workflows, found, size) == rows(Workflows, found, 3)


def test_rows_say_what_became_of_runs_and_steps():
    found = rows(Workflows, events(), 5)
    runs = {row[0]: row for row in found["workflow_runs"]}
    assert {name: row[4] for name, row in runs.items()} == {
        "good": "completed",
        "bad": "failed",
        "skip": "completed",
        "open": "paused",
        "on": "running",
        "gone": "cancelled",
    }
    assert [runs["good"][place] for place in (8, 13, 14, 15)] == [2, 2, 0, 0]
    assert runs["bad"][16:] == ("no_luck", "", "b")
    assert (runs["open"][17], runs["on"][17], runs["gone"][17]) == ("lunch", None, "enough")
    steps = {(row[0], row[1]): row for row in found["workflow_steps"]}
    assert steps["bad", "a"][3] == "completed"
    assert steps["bad", "a"][10] == "fallback"
    assert steps["good", "b"][8:10] == (2, 2)
    assert steps["skip", "b"][3] == "skipped"
    assert steps["open", "x"][3] == "running"
    assert [row[:2] for row in found["workflow_definitions"]] == [("v", 1), ("w", 1)]
