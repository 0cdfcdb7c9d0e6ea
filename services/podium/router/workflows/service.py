"""The rules of workflows as the router's service calls them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from podium.contracts.outcomes import Refused
from podium.contracts.tasks import CompleteTask, Report, Waiting
from podium.contracts.workflows import DefineWorkflow, RerunWorkflow, RunCommand, StartWorkflow
from podium.kernel.decider import Emit, Request
from podium.router.rules import Rules
from podium.router.settings import RouterSettings
from podium.router.state import RouterState

from .advance import Engine
from .decisions import define, order, rerun, start
from .waiting import explain_run


def decide(state: RouterState, request: Request, now: float, rules: Rules) -> Iterable[Emit] | Refused:
    """What is asked of a definition or a run."""
    match request.command:
        case DefineWorkflow() as command:
            return define(state, request, command)
        case StartWorkflow() as command:
            return start(state, request, command, rules)
        case RerunWorkflow() as command:
            return rerun(state, request, command)
        case command:
            return order(state, request, cast(RunCommand, command))


def and_then(
    state: RouterState, decided: Iterable[Emit], by: str, report: Report, now: float, rules: Rules
) -> Iterator[Emit]:
    """Events of a task of a step that its agent's report led to, and what follows from them for its run."""
    others, follows = len(state.flows.pending), False
    yield from decided
    for emit in Engine(state, now, rules).follow(others):
        follows = True
        yield emit
    # Only where it is one batch anyway: an assignment alone is stored sooner than one with a start.
    if follows and isinstance(report, CompleteTask) and report.process is not None:
        state.index.reports(by, report.process)


def advance(state: RouterState, now: float, rules: Rules) -> Iterator[Emit]:
    """All that is due of runs."""
    return Engine(state, now, rules).advance()


def overdue(state: RouterState, run: str, now: float, rules: Rules) -> None:
    """A time of the run has come; what that means, `advance` says."""
    Engine(state, now, rules).overdue(run)


def explain(state: RouterState, entity: str, now: float, settings: RouterSettings) -> Waiting | None:
    """Why a run is where it is; None if it is not known."""
    return explain_run(state, entity, now, settings)
