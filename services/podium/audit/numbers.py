"""The numbers in the ids of a partition's events: 1, 2, 3, … without a gap or a repetition."""

from __future__ import annotations

from collections.abc import Iterable

from podium.contracts.subjects import Service

from .finding import Entry, Finding


class Numbers:
    """A `Rule`."""

    def __init__(self) -> None:
        self._last: dict[tuple[Service, int], int] = {}

    def add(self, entry: Entry) -> Iterable[Finding]:
        prefix = f"{entry.service}-{entry.partition}-"
        number = entry.envelope.id.removeprefix(prefix)
        if not (entry.envelope.id.startswith(prefix) and number.isdecimal()):
            yield entry.finds("numbers", f"{entry.envelope.id} is not the id of an event of this partition")
            return
        key = (entry.service, entry.partition)
        last = self._last.get(key, 0)
        if int(number) <= last:
            yield entry.finds(
                "numbers", f"the id {entry.envelope.id} was given before: the last one was {prefix}{last}"
            )
        elif int(number) > last + 1:
            yield entry.finds("numbers", f"{prefix}{last + 1} is missing before {entry.envelope.id}")
        self._last[key] = max(last, int(number))

    def end(self) -> Iterable[Finding]:
        return ()
