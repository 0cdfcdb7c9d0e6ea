"""What an agent says of the attempts that it holds."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from .envelope import Command
from .names import Name
from .personal import Personal, PersonalJSON
from .task_specs import JSON_NULL

Attempt = Annotated[int, Meta(ge=1)]
"""Counts from 1; a fencing token: only the latest attempt may report."""

BULK_LIMIT: Final = 500
"""The most tasks or reports that one command may carry."""


class StartTask(Command, frozen=True, tag="start_task"):
    """The agent that holds the attempt begins; only the agent itself may say so."""

    attempt: Attempt


class CompleteTask(Command, frozen=True, tag="complete_task"):
    """The agent's result, any JSON; the task is done with it.

    Attributes:
        cost: what the attempt has cost, in a unit of the users' own.
        process: names the agent's present process, which begins at once whatever step this leads to for it: see
            `task_assigned`. Without it, the agent says of every attempt that it begins.
    """

    attempt: Attempt
    output: PersonalJSON = JSON_NULL
    cost: Annotated[float, Meta(ge=0.0)] | None = None
    process: Name | None = None


class FailTask(Command, frozen=True, tag="fail_task"):
    """The agent could not do it. Not `retryable`, the task fails whatever its retries.

    Attributes:
        code: the agent's own word for the fault.
        message: the fault in words.
    """

    attempt: Attempt
    code: Annotated[str, Meta(max_length=128)]
    message: Annotated[str, Meta(max_length=16384), Personal] = ""
    retryable: bool = True


Report = StartTask | CompleteTask | FailTask


class TaskReport(Struct, frozen=True, forbid_unknown_fields=True):
    """One report of many; `report` names its command: `{"command": "start_task", "attempt": 1}`."""

    task_id: Name
    report: Report


class ReportTasks(Command, frozen=True, tag="report_tasks"):
    """An agent's reports sent together; the entity is the agent. Each stands for itself: what is
    refused becomes a `report_refused` event of its task, and the others hold.
    """

    reports: Annotated[list[TaskReport], Meta(min_length=1, max_length=BULK_LIMIT)]
