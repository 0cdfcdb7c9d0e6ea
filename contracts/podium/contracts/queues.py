"""The router's word for how long its queue is."""

from __future__ import annotations

from typing import Final

from .envelope import Event

QUEUE: Final = "_queue"
"""The entity of it."""


class QueueMeasured(Event, frozen=True, kw_only=True, tag="queue_measured"):
    """How many tasks wait for an agent. Said when it is not what was said last, every five seconds at the most.

    Attributes:
        skills: skill → how many of them need it; of more than a thousand skills those that most wait for.
    """

    waiting: int
    skills: dict[str, int]
