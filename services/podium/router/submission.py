"""What may become a task, and what may not. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import astuple

from podium.contracts.outcomes import RefusalCode, Refused
from podium.contracts.tasks import SubmitTask, SubmitTasks, TaskSubmitted
from podium.kernel.decider import Emit

from .jobs import digest
from .phases import digest_of
from .rules import Rules
from .schemas import BadSchema, Misfit, schema_bytes

if TYPE_CHECKING:
    from .state import RouterState


def submit(
    state: RouterState, task_id: str, command: SubmitTask, by: str, now: float, rules: Rules
) -> list[Emit] | Refused:
    event = TaskSubmitted(*astuple(command))
    known = state.book.find(task_id)
    if known is not None:
        return [] if digest_of(known) == digest(event) else _exists(task_id, "$")
    refused = _fault(event, now, rules, "$") or room(state, by, 1, rules)
    return refused or [Emit(task_id, event)]


def submit_all(state: RouterState, command: SubmitTasks, by: str, now: float, rules: Rules) -> list[Emit] | Refused:
    """All of them or none. Those that are there already are passed over."""
    new: dict[str, TaskSubmitted] = {}
    for place, entry in enumerate(command.tasks):
        path = f"$.tasks[{place}].task"
        event = TaskSubmitted(*astuple(entry.task))
        known = state.book.find(entry.task_id)
        twin = new.get(entry.task_id)
        if known is not None or twin is not None:
            present = digest_of(known) if known is not None else digest(twin or event)
            if present != digest(event):
                return _exists(entry.task_id, path)
            continue
        refused = _fault(event, now, rules, path)
        if refused is not None:
            return refused
        new[entry.task_id] = event
    refused = room(state, by, len(new), rules)
    return refused or [Emit(task_id, event) for task_id, event in new.items()]


def _exists(task_id: str, path: str) -> Refused:
    return Refused("task_exists", f"{path}: there is another task {task_id}", {"path": path, "task_id": task_id})


def _fault(event: TaskSubmitted, now: float, rules: Rules, path: str) -> Refused | None:
    """What is wrong with the task itself."""
    if event.deadline is not None and event.deadline <= now:
        ago = now - event.deadline
        return _at(
            "deadline_in_the_past", f"{path}.deadline", f"the deadline was {ago:.3g} s ago", deadline=event.deadline
        )
    for field, schema in (("input_schema", event.input_schema), ("output_schema", event.output_schema)):
        if schema is None:
            continue
        try:
            rules.schemas.check(schema_bytes(schema))
        except BadSchema as bad:
            return _misfit("bad_schema", f"{path}.{field}", bad.misfit)
    if event.input_schema is not None:
        misfit = rules.schemas.misfit(schema_bytes(event.input_schema), bytes(event.input))
        if misfit is not None:
            return _misfit("input_does_not_fit", f"{path}.input", misfit)
    return None


def room(state: RouterState, by: str, count: int, rules: Rules) -> Refused | None:
    """Whether so many more tasks may wait."""
    if (reason := state.parts.holds.stop) is not None:
        return Refused("stopped", f"everything is stopped: {reason}", {"reason": reason})
    settings, waiting = rules.settings, state.index.waiting
    if waiting + count > settings.queue_limit:
        return Refused(
            "queue_full",
            f"{waiting:,} tasks wait, and no more than {settings.queue_limit:,} may",
            {"waiting": waiting, "limit": settings.queue_limit},
        )
    limit = settings.principal_queue_limit
    if limit is not None:
        tally = state.index.tallies.get(by)
        own = 0 if tally is None else tally.open - tally.held
        if own + count > limit:
            return Refused(
                "quota_exceeded",
                f"{own:,} tasks of {by} wait, and no more than {limit:,} may",
                {"waiting": own, "limit": limit, "principal": by},
            )
    return None


def _misfit(code: RefusalCode, path: str, misfit: Misfit) -> Refused:
    return _at(code, f"{path}{misfit.path}", misfit.message)


def _at(code: RefusalCode, path: str, message: str, **details: Any) -> Refused:
    return Refused(code, f"{path}: {message}", {"path": path, **details})
