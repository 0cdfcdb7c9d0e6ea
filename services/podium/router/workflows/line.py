"""The tasks of a run in the router's queue, and which of them goes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from podium.contracts.tasks import TaskSpec
from podium.router.queue import Queue
from podium.router.requirements import requirements_of
from podium.router.state import RouterState

from .order import ranks_with
from .plan import StepPlan
from .runs import Run

ORDERS_KEPT: Final = 8
"""Of one version of a workflow: fleets change while it is run."""


def arrange(queue: Queue, waiting: Mapping[str, float]) -> None:
    """Those that wait in one line change places, so that the one with the highest rank goes first.

    Args:
        waiting: task → its rank.
    """
    places = sorted(place for task in waiting if (place := queue.key(task)) is not None)
    if len(places) < 2:
        return
    line = queue.line(places[0].task)
    wanted = sorted((place.task for place in places), key=lambda task: -waiting[task])
    if wanted == [place.task for place in places] or any(queue.line(task) is not line for task in wanted):
        return
    needs, principal = line.needs, line.principal
    for place in places:
        queue.remove(place.task)
    for place, task in zip(places, wanted, strict=True):
        queue.add(place._replace(task=task), needs, principal)


def set_order(state: RouterState, run: Run) -> None:
    """Rank the run's steps for the agents that there are now, if there are any for each."""
    plan, version = run.plan, state.index.fleet.version
    if run.counted == version:
        return
    run.counted = version
    pools = {step.id: step.lane for step in plan.steps.values() if step.step.action == "task"}
    most = len(pools)
    first = {lane: plan.steps[name] for name, lane in reversed(pools.items())}
    slots = {lane: _slots(state, step, most) for lane, step in first.items()}
    if not all(slots.values()):
        return
    run.is_ordered = True
    key = tuple(slots.items())
    ranks = plan.orders.get(key)
    if ranks is None:
        if len(plan.orders) >= ORDERS_KEPT:
            plan.orders.clear()
        ranks = plan.orders[key] = ranks_with(plan.needed, plan.seconds, plan.ranks, pools, slots)
    run.ranks = ranks


def _slots(state: RouterState, step: StepPlan, most: int) -> int:
    """Of all agents that can do the step, busy or not; no more than `most` are counted."""
    work, fleet = step.work, state.index.fleet
    spec = TaskSpec(work.kind, work.skills, constraints=work.constraints, resources=step.step.resources)
    fit = state.index.fits.of(requirements_of(spec))
    if fit.able >= most:
        return most
    able = (fleet.names[place] for place in np.flatnonzero(fit.skill >= 0.0))
    return min(most, sum(state.parts.profiles[agent].agent.slots for agent in able))
