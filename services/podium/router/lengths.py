"""How long the queue is, said now and then: who watches it need not be told of every task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from podium.contracts.queues import QUEUE, QueueMeasured
from podium.kernel.decider import Emit
from podium.kernel.timers import NEVER

if TYPE_CHECKING:
    from .settings import RouterSettings
    from .state import RouterState

SKILLS: Final = 1_000


class Said(Struct, frozen=True, array_like=True):
    """What was said last."""

    waiting: int = 0
    skills: dict[str, int] = {}


def plan(state: RouterState, settings: RouterSettings, now: float) -> None:
    """While anything waits, or is said to wait, the next measurement is due."""
    index, interval = state.index, settings.queue_interval
    if interval is not None and index.measure_at >= NEVER and (len(index.queue) or state.book.said.waiting):
        index.measure_at = now + interval


def measure(state: RouterState, settings: RouterSettings, now: float) -> Iterator[Emit]:
    index = state.index
    if index.measure_at > now:
        return
    index.measure_at = NEVER
    skills: Counter[str] = Counter()
    for names, size in index.queue.sizes():
        for name in names:
            skills[name] += size
    longest = dict(sorted(skills.most_common(SKILLS)))
    if Said(len(index.queue), longest) != state.book.said:
        yield Emit(QUEUE, QueueMeasured(waiting=len(index.queue), skills=longest))
    plan(state, settings, now)
