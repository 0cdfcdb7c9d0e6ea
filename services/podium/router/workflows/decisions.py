"""What may be asked of definitions and runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

import msgspec
from msgspec import Raw

from podium.contracts.definitions import BadDefinition, read_value, to_json
from podium.contracts.definitions.migration import obstacles
from podium.contracts.outcomes import Refused
from podium.contracts.workflows import (
    ApproveStep,
    CancelWorkflow,
    DefineWorkflow,
    MigrateWorkflow,
    PauseWorkflow,
    RejectStep,
    RerunWorkflow,
    ResumeWorkflow,
    RunCommand,
    SignalWorkflow,
    StartWorkflow,
    StepApproved,
    StepRejected,
    WorkflowCancelled,
    WorkflowDefined,
    WorkflowEvent,
    WorkflowMigrated,
    WorkflowPaused,
    WorkflowResumed,
    WorkflowSignalled,
    WorkflowStarted,
)
from podium.kernel.decider import Emit, Request
from podium.router.rules import Rules
from podium.router.state import RouterState

from .book import Flows
from .keys import digest_of_start
from .plan import Plan, hash_of
from .runs import Run
from .values import NoValue, check_fit

MOST_FAULTS: Final = 100
"""So many faults of a definition a refusal tells."""

MOST_SIGNALS: Final = 10_000
"""So many signals may wait for the steps of one run."""


def define(state: RouterState, request: Request, command: DefineWorkflow) -> list[Emit] | Refused:
    try:
        definition = read_value(msgspec.json.decode(command.definition))
    except BadDefinition as bad:
        faults = [
            {"path": f"$.definition{fault.path.removeprefix('$')}", "message": fault.message}
            for fault in bad.faults[:MOST_FAULTS]
        ]
        details = {"path": faults[0]["path"], "faults": faults, "count": len(bad.faults)}
        return Refused("bad_definition", f"{bad}", details)
    if definition.id != request.entity:
        message = f"$.definition.id: it is {definition.id}, and the command is for {request.entity}"
        return Refused("bad_definition", message, {"path": "$.definition.id"})
    written = to_json(definition)
    newest = state.flows.versions.newest(request.entity)
    if newest is not None and newest.hash == hash_of(written):
        return []
    number = 1 if newest is None else newest.number + 1
    return [Emit(request.entity, WorkflowDefined(number, hash_of(written), Raw(written)))]


def start(state: RouterState, request: Request, command: StartWorkflow, rules: Rules) -> list[Emit] | Refused:
    flows = state.flows
    known = _digest(flows, request.entity)
    if known is not None:
        return [] if known == digest_of_start(command) else _exists(request.entity)
    plan = startable(flows, command.workflow, command.version, command.input, rules)
    if isinstance(plan, Refused):
        return plan
    event = WorkflowStarted(command.workflow, plan.version, plan.hash, command.input, command.priority)
    return [Emit(request.entity, event)]


def startable(flows: Flows, workflow: str, version: int | None, input: Raw, rules: Rules) -> Plan | Refused:
    """The version with which a run may begin, by default the newest."""
    newest = flows.versions.newest(workflow)
    if newest is None:
        message = f"$.workflow: there is no workflow {workflow}"
        return Refused("unknown_workflow", message, {"path": "$.workflow"})
    number = version or newest.number
    plan = flows.versions.plan(workflow, number)
    if plan is None:
        message = f"$.version: there is no version {number} of {workflow}; the newest is {newest.number}"
        return Refused("unknown_workflow", message, {"path": "$.version", "newest": newest.number})
    try:
        check_fit(bytes(input), plan.definition.input_schema, "input", rules)
    except NoValue as none:
        path = str(none).partition(":")[0]
        return Refused("input_does_not_fit", str(none), {"path": path})
    return plan


def rerun(state: RouterState, request: Request, command: RerunWorkflow) -> list[Emit] | Refused:
    flows = state.flows
    known = _digest(flows, request.entity)
    if known is not None:
        return [] if known == digest_of_start(command) else _exists(request.entity)
    before = flows.closed.whole.get(command.run)
    if before is None:
        if command.run in flows.runs:
            return Refused("run_open", f"{command.run} is not over yet", {"path": "$.run"})
        kept = "is no longer kept whole" if command.run in flows.closed else "is not known"
        return Refused("unknown_run", f"$.run: the run {command.run} {kept}", {"path": "$.run"})
    newest = flows.versions.newest(before.workflow)
    plan = None if newest is None else flows.versions.plan(before.workflow, newest.number)
    if plan is None:
        return Refused("unknown_workflow", f"there is no workflow {before.workflow} any more")
    if command.step is not None and command.step not in plan.steps:
        return Refused("unknown_step", f"$.step: {before.workflow} has no step {command.step}", {"path": "$.step"})
    event = WorkflowStarted(
        before.workflow, plan.version, plan.hash, Raw(before.input), before.priority,
        rerun=command.run, again=command.step,
    )  # fmt: skip
    return [Emit(request.entity, event)]


def order(state: RouterState, request: Request, command: RunCommand) -> list[Emit] | Refused:
    """What is asked of a run that should be there."""
    run = state.flows.runs.get(request.entity)
    if run is None:
        closed = state.flows.closed.ends.get(request.entity)
        if closed is None:
            return Refused("unknown_run", f"there is no run {request.entity}")
        if isinstance(command, CancelWorkflow) and closed.phase == "cancelled":
            return []
        return Refused("run_closed", f"the run {request.entity} is {closed.phase}")
    events = _ordered(state.flows, run, command, request.principal)
    return events if isinstance(events, Refused) else [Emit(run.id, event) for event in events]


def _ordered(flows: Flows, run: Run, command: RunCommand, by: str) -> Sequence[WorkflowEvent] | Refused:
    facts = run.facts
    match command:
        case CancelWorkflow():
            return [WorkflowCancelled(command.reason)]
        case PauseWorkflow():
            return [] if facts.paused else [WorkflowPaused(command.reason)]
        case ResumeWorkflow():
            return [WorkflowResumed(command.reason)] if facts.paused else []
        case SignalWorkflow():
            waiting = sum(map(len, facts.signals.values()))
            if waiting >= MOST_SIGNALS:
                return Refused("quota_exceeded", f"{waiting:,} signals wait for steps of {run.id} already")
            return [WorkflowSignalled(command.signal, command.payload)]
        case ApproveStep() | RejectStep():
            return _judged(run, command, by)
        case MigrateWorkflow():
            return _migrated(flows, run, command.version)
        case _:
            assert_never(command)


def _judged(run: Run, command: ApproveStep | RejectStep, by: str) -> Sequence[WorkflowEvent] | Refused:
    step = run.plan.steps.get(command.step)
    if step is None or step.step.approve is None:
        message = f"$.step: {run.facts.workflow} has no step {command.step} that could be approved"
        return Refused("unknown_step", message, {"path": "$.step"})
    roles, approval = run.plan.definition.roles, step.step.approve
    if not any(by in roles[role] for role in approval.roles):
        needed = " or ".join(approval.roles)
        return Refused("not_allowed", f"{by} has not the role {needed}", {"roles": list(approval.roles)})
    active = run.facts.active.get(command.step)
    if active is None:
        state = "is done already" if command.step in run.facts.done else "has not begun"
        return Refused("not_waiting", f"{command.step} of {run.id} {state}", {"path": "$.step"})
    if isinstance(command, RejectStep):
        return [StepRejected(command.step, command.comment)]
    if any(by == other for other, _ in active.approved):
        return []
    return [StepApproved(command.step, command.comment)]


def _migrated(flows: Flows, run: Run, number: int) -> Sequence[WorkflowEvent] | Refused:
    facts = run.facts
    if number == facts.version:
        return []
    plan = flows.versions.plan(facts.workflow, number)
    if plan is None:
        message = f"$.version: there is no version {number} of {facts.workflow}"
        return Refused("unknown_workflow", message, {"path": "$.version"})
    found = obstacles(run.plan.shape, plan.shape, facts.done, facts.active)
    if found:
        message = f"{run.id} cannot move to version {number}: {found[0]}"
        return Refused("cannot_migrate", message, {"obstacles": found})
    return [WorkflowMigrated(number, plan.hash)]


def _digest(flows: Flows, run: str) -> bytes | None:
    """Of what a run was started with, if it is known."""
    if run in flows.runs:
        return flows.runs[run].facts.digest
    closed = flows.closed.ends.get(run)
    return None if closed is None else closed.digest


def _exists(run: str) -> Refused:
    return Refused("run_exists", f"there is another run {run}", {"run": run})
