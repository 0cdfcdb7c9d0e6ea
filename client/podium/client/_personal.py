"""A task whose input is sealed: opened before its function sees it, and what comes of it sealed again."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from podium.contracts.envelope import Progress
from podium.contracts.personal import ERASED
from podium.contracts.tasks import CompleteTask, FailTask

from ._calls import MESSAGE_LENGTH, failure
from ._sealing import holds_sealed
from ._task import Task
from ._vault import Vault
from .errors import Erased, PodiumError

ERASED_CODE: Final = "erased"
SEALED_CODE: Final = "sealed"

_CLOSED: Final = "the agent has no key for the input, or it has not the part that is asked for, or was tampered with"
_HOLE: Final = b'"' + ERASED.encode()


async def open_input(vault: Vault, task: Task) -> FailTask | None:
    """Open the input; the failure of the attempt if that cannot be done."""
    if not task.data_subjects:
        return None
    seen: set[str] = set()
    opened = await vault.open(task.raw, seen)
    task.data_subjects = sorted(seen)
    if _HOLE in opened:
        return failure(task, ERASED_CODE, "whose data the input was, is forgotten", retryable=False)
    if holds_sealed(opened):
        return failure(task, SEALED_CODE, _CLOSED)
    task.raw = opened
    return None


async def seal_report(vault: Vault, task: Task, report: CompleteTask | FailTask) -> CompleteTask | FailTask:
    """The report with what it says sealed for whose data the input was.

    Without a key it says nothing: the attempt has failed.
    """
    if not task.data_subjects:
        return report
    try:
        if isinstance(report, CompleteTask):
            output = await _seal(vault, task, bytes(report.output), "output")
            return replace(report, output=Raw(msgspec.json.encode(output)))
        if not report.message:
            return report
        message = report.message
        while len(sealed := await _seal(vault, task, msgspec.json.encode(message), "message")) > MESSAGE_LENGTH:
            message = message[: len(message) // 2]
        return replace(report, message=sealed)
    except Erased:
        return failure(task, ERASED_CODE, "", retryable=False)
    except PodiumError:
        return failure(task, SEALED_CODE, "")


async def seal_note(vault: Vault, task: Task, progress: Progress) -> Progress:
    """What a task says of how far it is; without a note where there is no key."""
    if not task.data_subjects or progress.note is None:
        return progress
    try:
        return replace(progress, note=await _seal(vault, task, msgspec.json.encode(progress.note), "note"))
    except PodiumError:
        return replace(progress, note=None)


async def _seal(vault: Vault, task: Task, value: bytes, field: str) -> str:
    return await vault.seal(value, task.data_subjects, "router", task.id, field)
