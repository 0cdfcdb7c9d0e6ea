"""A router with schedules, whose time passes when it is told to."""

from __future__ import annotations

from typing import Any

from podium.contracts.schedules import ScheduleSkipped, ScheduleTriggered
from tests.rules.scenario import START, command
from tests.workflows.flows import Flow

EVERY_MINUTE = {"kind": "every", "seconds": 60}


class Clockwork(Flow):
    """A router with one workflow of one step and schedules of it."""

    def __init__(self) -> None:
        super().__init__(start_timeout=None, finish_timeout=None)
        self.define({"id": "a", "input": "${run.due}"}, output="${steps.a.output}")

    def schedule(self, name: str = "s", timing: Any = EVERY_MINUTE, **body: Any) -> Any:
        decided = self.when(command("schedule_workflow", **{"workflow": "w", "timing": timing, **body}), entity=name)
        self.reacts()
        return decided

    def begun(self) -> list[float]:
        """The times that runs stand for, in seconds since the schedule was made."""
        return [emit.event.due - START for _, _, emit in self.events if isinstance(emit.event, ScheduleTriggered)]

    def skipped(self) -> list[tuple[float, str, int]]:
        return [
            (emit.event.due - START, emit.event.reason, emit.event.count)
            for _, _, emit in self.events
            if isinstance(emit.event, ScheduleSkipped)
        ]

    def wait(self, seconds: float) -> None:
        """Time passes as it does where nothing stands still."""
        until = self.now + seconds
        while (due := self.decider.due(self.state)) is not None and due <= until:
            self.now = max(self.now, due)
            self.reacts()
        self.now = until
