"""Why a task is where it is, in words."""

from __future__ import annotations

from collections.abc import Mapping

from podium.contracts.catalogue import decode_data
from podium.contracts.personal import read_sealed
from podium.contracts.queries import WhyAnswer, WhyTask
from podium.contracts.tasks import Decision, TaskAssigned, Waiting

from .answer_tasks import find_task
from .sources import Sources
from .tasks import Task


async def why_task(sources: Sources, query: WhyTask) -> WhyAnswer:
    task, positions = await sources.view(lambda view: find_task(view, query.task_id))
    waits = task.phase in ("queued", "delayed", "paused")
    waiting = await sources.waiting(task.task_id) if waits else None
    decision = await _decision(sources, task)
    return WhyAnswer(
        positions=positions,
        task_id=task.task_id,
        phase=task.phase,
        summary=summary(task, decision, waiting, _unknown(query, positions)),
        decision=decision,
        agent=task.agent,
        attempt=task.attempt or None,
        waiting=waiting,
    )


async def _decision(sources: Sources, task: Task) -> Decision | None:
    """The latest assignment's."""
    if task.assigned is None:
        return None
    event = decode_data(await sources.event("router", task.assigned))
    return event.decision if isinstance(event, TaskAssigned) else None


def _unknown(query: WhyTask, positions: Mapping[str, int]) -> str:
    """What is said instead of the router's reasons."""
    if query.as_of is None:
        return "its router does not answer now, so the reason is not known"
    router = next((position for stream, position in positions.items() if stream.endswith("-router")), 0)
    return f"the reason of then is not stored, `podium replay --to {router} --ask {query.task_id}` finds it"


def summary(task: Task, decision: Decision | None, waiting: Waiting | None, unknown: str) -> str:
    """A sentence or two for people; `unknown` where nobody tells why it waits."""
    held = f"attempt {task.attempt} by {task.agent}"
    chosen = f" {task.agent} was chosen: {_list(decision.reasons)}." if decision and decision.reasons else ""
    # What is sealed nobody could open within a sentence; it stands in the task's own message.
    failure = ": ".join(part for part in (task.code, task.message) if part and read_sealed(part) is None)
    match task.phase:
        case "assigned":
            return f"Assigned to {task.agent} as attempt {task.attempt}, not started yet.{chosen}"
        case "running":
            return f"Running as {held}.{chosen}"
        case "completed":
            return f"Completed with {held}.{chosen}"
        case "failed":
            return f"Failed after {_count(task.attempt, 'attempt')}: {failure}."
        case "cancelled":
            return f"Cancelled{f': {task.message}' if task.message else ''}."
        case "queued":
            return f"Waits for an agent: {_reasons(waiting, unknown)}."
        case "delayed":
            why = _reasons(waiting, unknown)
            return f"{held[0].upper()}{held[1:]} failed ({failure}); waits for the next one: {why}."
        case "paused":
            return f"Paused{f': {task.message}' if task.message else ''}."


def _reasons(waiting: Waiting | None, unknown: str) -> str:
    if waiting is None:
        return unknown
    ahead = (
        [f"{_count(waiting.ahead, 'task')} with the same needs {'goes' if waiting.ahead == 1 else 'go'} first"]
        if waiting.ahead
        else []
    )
    return _list([*waiting.reasons, *ahead]) or "its turn comes next"


def _list(parts: list[str]) -> str:
    return "; ".join(part.rstrip(".") for part in parts)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
