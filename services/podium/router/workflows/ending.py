"""Why a run or a step of it fails."""

from __future__ import annotations

from podium.contracts.workflows import StepFailed

from .runs import Ending, Run


def deadline_of(run: Run) -> float | None:
    """When the run has taken too long, seconds since the epoch, UTC."""
    timeout = run.plan.definition.timeout
    return None if timeout is None else run.facts.started + timeout


def ending_of(run: Run, now: float) -> Ending | None:
    """Why the run is about to fail, if it is."""
    deadline = deadline_of(run)
    if run.facts.ending is None and deadline is not None and deadline <= now:
        return Ending("timeout", f"it has taken longer than {run.plan.definition.timeout:g} s")
    return run.facts.ending


def failure(run: Run, now: float, step: str, code: str, message: str, *, goes_on: bool | None = None) -> StepFailed:
    """`goes_on`: whether the run does; by default what its definition says."""
    active = run.facts.active.get(step)
    duration = 0.0 if active is None else max(0.0, now - active.since)
    allowed = run.plan.steps[step].step.on_failure == "continue"
    return StepFailed(step, code, message, duration, allowed if goes_on is None else goes_on)
