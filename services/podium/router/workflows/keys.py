"""Names and digests that follow from content: the same always gives the same."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

import msgspec

from podium.contracts.workflows import RerunWorkflow, StartWorkflow, WorkflowStarted

LONGEST_NAME: Final = 128

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def digest_of_start(asked: StartWorkflow | RerunWorkflow | WorkflowStarted) -> bytes:
    """Equal for the same request; of a run that an event tells, that of its request."""
    match asked:
        case RerunWorkflow():
            content: tuple[object, ...] = ("rerun", asked.run, asked.step)
        case WorkflowStarted() if asked.rerun is not None:
            content = ("rerun", asked.rerun, asked.again)
        case _:
            content = ("start", asked.workflow, bytes(asked.input).decode(), asked.priority)
    return blake2b(_encode(content), digest_size=16).digest()


def cache_key(kind: str, skills: list[str], agents: list[str], input: bytes) -> bytes:
    """Equal for the same work on the same input."""
    canonical = _encode(msgspec.json.decode(input))
    return blake2b(_encode((kind, sorted(skills), agents)) + b"\0" + canonical, digest_size=20).digest()


def child_name(run: str, step: str, suffix: str, is_taken: Callable[[str], bool]) -> str:
    """A name for a task or child run of a step, which nobody has."""
    name = f"{run}-{step}{suffix}"
    number = 0
    while len(name) > LONGEST_NAME or is_taken(name):
        # A run and a step with other names may come together to the same; so may anyone's task.
        tail = blake2b(f"{run}/{step}/{suffix}/{number}".encode(), digest_size=6).hexdigest()
        name = f"{f'{run}-{step}'[: LONGEST_NAME - 20 - len(suffix)]}{suffix}-{tail}"
        number += 1
    return name
