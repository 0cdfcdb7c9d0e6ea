"""A view on JetStream: how many events there were of two kinds."""

from __future__ import annotations

from collections.abc import Mapping

from eventsourcing.persistence import Tracking
from eventsourcing.tests.projection import EventCountersView

from podium.eventstore import JetStreamTrackingRecorder


class Counters(JetStreamTrackingRecorder, EventCountersView):
    def get_created_event_counter(self) -> int:
        return int(self.value("created") or 0)

    def get_subsequent_event_counter(self) -> int:
        return int(self.value("subsequent") or 0)

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _increment(self, key: str, tracking: Tracking) -> None:
        def increment(values: Mapping[str, bytes]) -> dict[str, bytes]:
            return {key: str(int(values.get(key, 0)) + 1).encode()}

        self.update(tracking, increment)
