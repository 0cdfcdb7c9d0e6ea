"""A skill's function is called, and what it returns or raises becomes the report of the attempt."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable
from math import isfinite
from typing import Any, Final

import msgspec
from msgspec import Raw

from podium.contracts.tasks import CompleteTask, FailTask

from ._task import Task
from .errors import CommandRefused, TaskError

Handler = Callable[[Task], object]
"""A coroutine function, or a plain one, which runs in a thread of its own."""

_CODE_LENGTH: Final = 128
MESSAGE_LENGTH: Final = 16_384

_log: Final = logging.getLogger(__name__)


def is_coroutine_function(handler: Handler) -> bool:
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)


async def perform(handler: Handler, task: Task) -> CompleteTask | FailTask:
    """Raises: asyncio.CancelledError, if it is cancelled or the function says so."""
    try:
        if is_coroutine_function(handler):
            coroutine: Any = handler(task)
            output = await coroutine
        else:
            output = await _in_thread(handler, task)
    except TaskError as error:
        return failure(task, error.code, error.message, retryable=error.retryable)
    except (Exception, SystemExit) as error:  # whatever a skill raises fails its attempt, not the agent
        if task.data_subjects:  # an error's text and values must not lie about in a log
            _log.warning("%r has failed: %s", task, type(error).__name__)
        else:
            _log.warning("%r has failed", task, exc_info=error)
        return failure(task, type(error).__name__, str(error))
    return completion(task, output)


def failure(task: Task, code: str, message: str, *, retryable: bool = True) -> FailTask:
    return FailTask(task.attempt, code[:_CODE_LENGTH] or "error", message[:MESSAGE_LENGTH], retryable)


def completion(task: Task, output: object) -> CompleteTask | FailTask:
    """The report of an output; a failure that no retry mends if JSON cannot carry it, or its cost is none."""
    try:
        encoded = bytes(output) if isinstance(output, Raw) else msgspec.json.encode(output)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return failure(task, "bad_output", f"the output is not JSON: {error}", retryable=False)
    cost = task.cost
    if cost is not None and not (isfinite(cost) and cost >= 0.0):
        return failure(task, "bad_cost", f"the cost is {cost}, and not 0 or more", retryable=False)
    return CompleteTask(task.attempt, Raw(encoded), cost)


def unfit(task: Task, refusal: CommandRefused) -> FailTask:
    """The failure of an attempt whose completion was refused for what its output is."""
    code = "output_too_large" if refusal.code == "too_large" else "bad_output"
    return failure(task, code, f"the output was refused: {refusal.message}", retryable=False)


async def _in_thread(handler: Handler, task: Task) -> object:
    """A daemon thread for each call: one that does not end must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[object, BaseException | None]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(output: object, error: BaseException | None) -> None:
        if not done.done():
            done.set_result((output, error))

    def run() -> None:
        output: object = None
        fault: BaseException | None = None
        try:
            output = context.run(handler, task)
        except BaseException as error:  # it is raised again in the coroutine that waits
            fault = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, output, fault)

    threading.Thread(target=run, name=f"{task.id}-{task.attempt}", daemon=True).start()
    output, fault = await done
    match fault:
        case None:
            return output
        case StopIteration() | asyncio.CancelledError() | KeyboardInterrupt() | GeneratorExit():
            # In a coroutine these would mean something else.
            raise TaskError(type(fault).__name__, str(fault))
        case _:
            raise fault
