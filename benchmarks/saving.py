"""An application of the eventsourcing library on the persistence module that its environment names.

It prints what it did a second. A process of its own, since the library patches the standard library's dataclasses.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

PAGE = 500
READS = 300


class Saving(Application[UUID]):
    """Nothing but aggregates."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, required=True, help="of each part")
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    with Saving() as application:
        rates: dict[str, float] = {}
        for threads in (1, given.threads):
            for events in (1, 4):
                rates[f"saved {events} {threads}"] = _saved(application, events, threads, given.seconds)
        rates["read"] = _read(application)
        rates["notifications"] = _notified(application)
    sys.stdout.buffer.write(msgspec.json.encode(rates))


def _saved(application: Saving, events: int, threads: int, seconds: float) -> float:
    """Events saved a second, each save of so many, by so many threads at a time."""
    _save(application, events)

    def save_until(end: float) -> int:
        saves = 0
        while time.perf_counter() < end:
            _save(application, events)
            saves += 1
        return saves

    with ThreadPoolExecutor(threads) as executor:
        began = time.perf_counter()
        saves = sum(executor.map(save_until, [began + seconds] * threads))
        return saves * events / (time.perf_counter() - began)


def _save(application: Saving, events: int) -> UUID:
    aggregate = Aggregate()
    for _ in range(events - 1):
        aggregate.trigger_event(Aggregate.Event)
    application.save(aggregate)
    return aggregate.id


def _read(application: Saving) -> float:
    """Aggregates of four events read a second, one after the other."""
    ids = [_save(application, 4) for _ in range(READS)]
    return _rate(READS, lambda: [application.repository.get(aggregate) for aggregate in ids])


def _notified(application: Saving) -> float:
    """Notifications read a second, in pages."""
    recorder = application.recorder
    last = recorder.max_notification_id() or 0
    starts = range(1, min(last, 20_000), PAGE)
    return _rate(len(starts) * PAGE, lambda: [recorder.select_notifications(start, PAGE) for start in starts])


def _rate(count: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
