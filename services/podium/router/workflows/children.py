"""The tasks and child runs of steps: what each is for, and which are to begin or to end."""

from __future__ import annotations

from typing import Final

from podium.contracts.workflows import Purpose

from .runs import Active, Link, Run

OWN_WORK: Final = ("work", "element", "round")
"""Purposes for which a step's own work is done."""


class Children:
    """
    Attributes:
        links: open task or child run of a step → what it is for.
        unsubmitted: those that a step has begun and that are not there yet.
        orphans: those that nobody needs any more.
    """

    def __init__(self) -> None:
        self.links: dict[str, Link] = {}
        self.unsubmitted: dict[str, None] = {}
        self.orphans: dict[str, None] = {}

    @property
    def busy(self) -> bool:
        """Whether something is to do with any of them at once."""
        return bool(self.orphans or self.unsubmitted)

    def begin(self, run: Run, step: str, purpose: Purpose, index: int, child: str, active: Active | None) -> None:
        plan = run.plan.steps[step]
        work = {"fallback": plan.fallback, "compensation": plan.undo}.get(purpose, plan.work)
        lane = plan.lane if purpose in OWN_WORK else f"+{step}"
        self.links[child] = Link(run.id, step, purpose, index, lane)
        self.unsubmitted[child] = None
        run.facts.tasks += 1
        if work is not None and plan.step.action == "task":
            run.waiting.setdefault(lane, {})[child] = run.ranks[step]
        if active is not None:
            active.open[index] = child
            active.next = max(active.next, index + 1)

    def drop(self, run: Run, step: str) -> None:
        """What the step has still open is not needed any more."""
        active = run.facts.active.get(step)
        for child in () if active is None else list(active.open.values()):
            self.orphans[child] = None

    def drop_all(self, run: Run) -> None:
        """The run is over."""
        for step in run.facts.active:
            self.drop(run, step)
        if run.facts.undoing is not None:
            self.orphans.update({task: None for task, link in self.links.items() if link.run == run.id})

    def gone(self, child: str) -> None:
        """One that is in `links` is over."""
        del self.links[child]
        self.orphans.pop(child, None)
        self.unsubmitted.pop(child, None)
