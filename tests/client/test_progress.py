"""What `podium workflow run` shows while it waits."""

from __future__ import annotations

from msgspec import Raw
from rich.console import Console

from podium.client.cli._progress import Progress
from podium.contracts.definitions import read_value
from podium.contracts.workflows import (
    StepCompleted,
    StepContinued,
    StepFailed,
    StepSkipped,
    StepStarted,
    WorkflowCompleted,
    WorkflowStarted,
)


def shown(progress: Progress) -> list[str]:
    console = Console(width=100, no_color=True)
    with console.capture() as captured:
        console.print(progress)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_each_step_has_a_line_that_says_what_it_waits_for_or_what_came_of_it():
    progress = Progress("r")
    definition = read_value(
        {
            "id": "w",
            "roles": {"boss": ["ann", "bob"]},
            "tasks": [
                {"id": "a"},
                {"id": "b", "for_each": "[1, 2]"},
                {"id": "c", "approve": {"roles": ["boss"], "count": 2}},
                {"id": "d", "wait_for": "go"},
                {"id": "e", "workflow": "w2"},
            ],
        }
    )
    progress.steps = {step.id: step for step in definition.tasks}
    assert not progress.add(WorkflowStarted("w", 3, "hash"), 10.0)
    for event in (
        StepStarted("a", task="t"),
        StepContinued("a", "fallback", task="t2"),
        StepCompleted("a", source="fallback"),
        StepStarted("b", items=2),
        StepContinued("b", "element", 0, "t3"),
        StepSkipped("x", "condition"),
        StepStarted("c"),
        StepStarted("d"),
        StepStarted("e", run="r2"),
        StepStarted("f"),
        StepFailed("f", "broken", "no luck"),
        StepStarted("g", task="t4"),
        StepCompleted("c"),
    ):
        assert not progress.add(event, 10.0)
    lines = "\n".join(shown(progress))
    assert "r  w, version 3" in lines
    for part in ("✓ a 2 0.0 s fallback", "– x 0.0 s condition", "✗ f 0.0 s broken: no luck", "b 1 of 2", "✓ c 0.0 s\n"):
        assert part in lines
    assert "waits for the signal go" in lines
    assert "waits for a run of w2" in lines
    assert "boss" not in lines
    progress.add(StepStarted("c"), 11.0)
    assert "waits for boss (2 of them) to approve" in "\n".join(shown(progress))
    assert progress.add(WorkflowCompleted(Raw(b"1"), 1.0), 12.0)
