"""Hooks: channels that are told when a task or a run of a workflow ends."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from .envelope import Command, Event
from .names import Name, RecordedName

Ending = Literal["completed", "failed", "cancelled"]

Hooked = Literal["tasks", "runs"]
"""What the ends of which a hook is about: tasks, or runs of workflows."""


# Commands


class DefineHook(Command, frozen=True, tag="define_hook"):
    """A channel is told of each task, or of each run of a workflow, that ends from now on. The entity is the hook.

    Attributes:
        endings, kinds: all if none are named; of runs, `kinds` are the names of their workflows.
        of: tasks are told of unless it says `runs`.
    """

    channel: Name
    endings: list[Ending] = field(default_factory=list[Ending])
    kinds: list[Name] = field(default_factory=list[Name])
    of: Hooked = "tasks"


class RemoveHook(Command, frozen=True, tag="remove_hook"):
    """It is told no more."""


HookCommand = DefineHook | RemoveHook


# Events


class HookDefined(Event, frozen=True, tag="hook_defined"):
    """The fields are the hook's."""

    channel: RecordedName
    endings: list[Ending]
    kinds: list[RecordedName]
    of: Hooked = "tasks"


class HookRemoved(Event, frozen=True, tag="hook_removed"):
    """It is told no more."""


class TaskEndQueued(Event, frozen=True, kw_only=True, tag="task_end_queued"):
    """A task has ended, and a channel is told. The entity is the notification; the output is in `tasks.get`.

    Attributes:
        kind: empty for a task that no agent ever had.
        ended_at: seconds since the epoch, UTC.
        code: of a task that has failed.
    """

    channel: RecordedName
    hook: RecordedName
    task: RecordedName
    ending: Ending
    kind: str
    ended_at: float
    agent: RecordedName | None = None
    code: str | None = None


class RunEndQueued(Event, frozen=True, kw_only=True, tag="run_end_queued"):
    """A run of a workflow has ended, and a channel is told. The entity is the notification; the output is in
    `runs.get`.

    Attributes:
        workflow: empty for a run whose start is not known.
        ended_at: seconds since the epoch, UTC.
        duration: seconds since its start.
        code, step: of a run that has failed, and whose failure it was, if it was a step's.
        parent: the run that it was a part of.
    """

    channel: RecordedName
    hook: RecordedName
    run: RecordedName
    ending: Ending
    workflow: str
    ended_at: float
    duration: float | None = None
    code: str | None = None
    step: str | None = None
    parent: RecordedName | None = None


HookEvent = HookDefined | HookRemoved | TaskEndQueued | RunEndQueued
