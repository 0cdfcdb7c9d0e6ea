"""What can be set for every service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from podium.runtime.settings import ProcessSettings, says

from .streams import QUEUE_MESSAGES


def _number(value: object) -> object:
    """Variables are text, and a literal number takes none."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Settings(ProcessSettings):
    """What every service is told. Each field is the variable `PODIUM_<FIELD>`."""

    replicas: Annotated[
        Literal[1, 3, 5], BeforeValidator(_number), says("copies of each stream; more than 1 needs a cluster")
    ] = 1
    queue_limit: Annotated[
        int,
        Field(ge=1),
        says(
            "commands that may wait for a service; beyond, publishers get an error. Agents' reports wait in the same "
            "queue: it should be shorter than what the service does in the time that attempts have to start"
        ),
    ] = QUEUE_MESSAGES
    queue_bytes: Annotated[int, Field(ge=1 << 20), says("bytes of commands that may wait")] = 256 << 20
    snapshot_every: Annotated[int, Field(ge=1000), says("events between two snapshots")] = 100_000
