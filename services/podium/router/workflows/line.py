"""The tasks of a run in the router's queue."""

from __future__ import annotations

from collections.abc import Mapping

from podium.router.queue import Queue


def arrange(queue: Queue, waiting: Mapping[str, float]) -> None:
    """Those that wait in one line change places, so that the one with the highest rank goes first.

    Args:
        waiting: task → its rank.
    """
    places = sorted(place for task in waiting if (place := queue.key(task)) is not None)
    if len(places) < 2:
        return
    line = queue.line(places[0].task)
    wanted = sorted((place.task for place in places), key=lambda task: -waiting[task])
    if wanted == [place.task for place in places] or any(queue.line(task) is not line for task in wanted):
        return
    needs, principal = line.needs, line.principal
    for place in places:
        queue.remove(place.task)
    for place, task in zip(places, wanted, strict=True):
        queue.add(place._replace(task=task), needs, principal)
