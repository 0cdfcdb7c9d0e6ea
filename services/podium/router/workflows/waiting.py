"""Why a run waits, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from podium.contracts.personal import read_sealed
from podium.contracts.tasks import Waiting
from podium.router.settings import RouterSettings
from podium.router.state import RouterState
from podium.router.waiting import explain

from .runs import Active, Run

MOST_REASONS: Final = 50
"""So many steps are told of; of the others how many they are."""


def explain_run(state: RouterState, run_id: str, now: float, settings: RouterSettings) -> Waiting | None:
    """None for a run that is not known, or no more."""
    run = state.flows.runs.get(run_id)
    if run is None:
        closed = state.flows.closed.ends.get(run_id)
        return None if closed is None else Waiting(closed.phase, [f"the run is {closed.phase}"])
    facts = run.facts
    if facts.ending is not None:
        undoing = f"; {facts.undoing} is being undone" if facts.undoing else ""
        why = facts.ending.message if read_sealed(facts.ending.message) is None else facts.ending.code
        return Waiting("failing", [f"{facts.ending.step} has failed: {why}{undoing}"])
    reasons = [*_reasons(state, run, now, settings)]
    more = len(reasons) - MOST_REASONS
    if more > 0:
        reasons = [*reasons[:MOST_REASONS], f"and {more} more steps"]
    if facts.paused:
        return Waiting("paused", ["it is paused", *reasons])
    return Waiting("running", reasons, until=min(run.times.values(), default=None))


def _reasons(state: RouterState, run: Run, now: float, settings: RouterSettings) -> Iterator[str]:
    for name, active in run.facts.active.items():
        yield f"{name}: {_why_active(state, run, name, active, now, settings)}"
    for lane, heap in run.lanes.items():
        names = [name for _, _, name in sorted(heap) if name not in run.facts.active and name not in run.facts.done]
        waiting = len(run.waiting.get(lane, ()))
        for place, name in enumerate(names, 1):
            yield f"{name}: {waiting + place - 1} steps of the run that the same agents can do go first"
    left = len(run.plan.steps) - len(run.facts.done) - len(run.facts.active)
    not_yet = left - sum(len(heap) for heap in run.lanes.values())
    if not_yet > 0:
        yield "1 step waits for those that it depends on" if not_yet == 1 else f"{not_yet} steps wait for others"


def _why_active(state: RouterState, run: Run, name: str, active: Active, now: float, settings: RouterSettings) -> str:
    step = run.plan.steps[name].step
    if step.wait_for is not None:
        return f"waits for the signal {step.wait_for}{_until(active)}"
    if step.approve is not None:
        roles = " or ".join(step.approve.roles)
        return f"waits for {roles} to approve, {len(active.approved)} of {step.approve.count} have{_until(active)}"
    if active.items is not None:
        done, open_ = len(active.results), len(active.open)
        return f"{done} of {active.items} elements are done, {open_} under way"
    child = next(iter(active.open.values()), None)
    if child is None:
        return "goes on at once"
    if child in state.flows.runs:
        return f"waits for the run {child}{_until(active)}"
    why = explain(state, child, now, settings)
    return f"its task {child} is {why.phase}: {'; '.join(why.reasons)}" if why is not None else f"waits for {child}"


def _until(active: Active) -> str:
    if active.until is None:
        return ""
    return f", until {datetime.fromtimestamp(active.until, UTC).isoformat(timespec='seconds')}"
