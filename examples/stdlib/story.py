"""What happened, as the router's events tell it: a fold like any projection's, kept in memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Raw, Struct, field

from podium.client import ReceivedEvent
from podium.contracts.queries import Phase
from podium.contracts.tasks import (
    AttemptFailed,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
)

from .modules import Module

NOTES_KEPT: Final = 200


class Job(Struct, frozen=True):
    """One task: a skill applied to a module."""

    skill: str
    module: Module


class Attempt(Struct):
    """Times are seconds since the epoch, UTC. `ending` is `completed`, the failure's code, or None while it is open."""

    number: int
    agent: str
    assigned_at: float
    started_at: float | None = None
    ended_at: float | None = None
    ending: str | None = None


class TaskStory(Struct):
    """A task so far. `outputs` has one entry for each time that it was completed: one, if all is well."""

    job: Job
    submitted_at: float | None = None
    phase: Phase | None = None
    attempts: list[Attempt] = field(default_factory=lambda: list[Attempt]())
    outputs: list[Raw] = field(default_factory=lambda: list[Raw]())
    failure: str | None = None


class AgentStory(Struct):
    """An agent so far: the tasks it holds, how many it completed by skill, and the seconds it was at them, summed."""

    in_hand: set[str] = field(default_factory=lambda: set[str]())
    done: Counter[str] = field(default_factory=lambda: Counter[str]())
    lost: int = 0
    working: float = 0.0
    latest: str = ""


class Note(Struct, frozen=True):
    """Something worth telling; `at` in seconds since the epoch, UTC."""

    at: float
    text: str


class Story:
    """The tasks of one run.

    Attributes:
        phases: how many tasks are in which phase.
        finished: by skill, how many are completed.
        closed: how many will change no more.
        latest: time of the newest event, seconds since the epoch, UTC.
    """

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self.tasks = {task_id: TaskStory(job) for task_id, job in jobs.items()}
        self.agents: dict[str, AgentStory] = {}
        self.phases: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()
        self.totals = Counter(job.skill for job in jobs.values())
        self.notes: deque[Note] = deque(maxlen=NOTES_KEPT)
        self.closed = 0
        self.latest = 0.0

    def agent(self, name: str) -> AgentStory:
        return self.agents.setdefault(name, AgentStory())

    def note(self, at: float, text: str) -> None:
        self.notes.append(Note(at, text))

    def tell(self, event: ReceivedEvent) -> None:
        """Fold one event; those of other runs' tasks are passed over."""
        task = self.tasks.get(event.entity)
        if task is None:
            return
        at = datetime.fromisoformat(event.envelope.time).timestamp()
        self.latest = at
        match event.data:
            case TaskSubmitted():
                task.submitted_at = at
                self._enter(task, "queued")
            case TaskAssigned() as assigned:
                self._assigned(event.entity, task, assigned, at)
            case TaskStarted() as started:
                _attempt(task, started.attempt).started_at = at
                self._enter(task, "running")
            case TaskCompleted() as completed:
                task.outputs.append(completed.output)
                self._ended(event.entity, task, completed.attempt, "completed", at)
                self.agent(completed.agent).done[task.job.skill] += 1
                self.finished[task.job.skill] += 1
                self._close(task, "completed")
            case AttemptFailed() as failed:
                self._ended(event.entity, task, failed.attempt, failed.code, at)
                self.agent(failed.agent).lost += 1
                self._enter(task, "delayed")
                self.note(at, f"{event.entity}: {failed.agent} lost attempt {failed.attempt} ({failed.code})")
            case TaskFailed() as given_up:
                task.failure = f"{given_up.code}: {given_up.message}"
                self.note(at, f"{event.entity} failed: {task.failure}")
                self._close(task, "failed")
            case TaskCancelled() as cancelled:
                task.failure = f"cancelled: {cancelled.reason}"
                self._close(task, "cancelled")
            case _:
                pass

    def _assigned(self, task_id: str, task: TaskStory, assigned: TaskAssigned, at: float) -> None:
        task.attempts.append(Attempt(assigned.attempt, assigned.agent, at))
        agent = self.agent(assigned.agent)
        agent.in_hand.add(task_id)
        agent.latest = f"{task.job.skill} {task.job.module.name}"
        self._enter(task, "assigned")
        if assigned.attempt > 1:
            self.note(at, f"{task_id}: {assigned.agent} takes over with attempt {assigned.attempt}")

    def _ended(self, task_id: str, task: TaskStory, number: int, ending: str, at: float) -> None:
        attempt = _attempt(task, number)
        attempt.ended_at, attempt.ending = at, ending
        agent = self.agent(attempt.agent)
        agent.in_hand.discard(task_id)
        if ending == "completed":
            agent.working += at - (attempt.started_at or at)

    def _enter(self, task: TaskStory, phase: Phase) -> None:
        if task.phase is not None:
            self.phases[task.phase] -= 1
        task.phase = phase
        self.phases[phase] += 1

    def _close(self, task: TaskStory, phase: Phase) -> None:
        self._enter(task, phase)
        self.closed += 1


def _attempt(task: TaskStory, number: int) -> Attempt:
    return next(attempt for attempt in reversed(task.attempts) if attempt.number == number)
