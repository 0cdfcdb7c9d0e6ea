"""Messages: each comes to its receiver once, and is done with once; what is done with does not come again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from podium.contracts.messages import MessagesAcknowledged, MessagesDead, MessagesSent

from .finding import Entry, Finding

REMEMBERED: Final = 100_000
"""Messages that are done with are promised to be known for so long, and may come again after that."""


class Messages:
    """A `Rule` of collaboration's log."""

    def __init__(self) -> None:
        self._open: dict[str, set[str]] = {}
        self._done: OrderedDict[tuple[str, str], None] = OrderedDict()

    def add(self, entry: Entry) -> Iterator[Finding]:
        receiver = entry.envelope.subject
        match entry.data:
            case MessagesSent():
                for message in entry.data.messages:
                    yield from self._sent(entry, receiver, message.id)
            case MessagesAcknowledged() | MessagesDead():
                for id in entry.data.ids:
                    yield from self._over(entry, receiver, id)
            case _:
                pass

    def end(self) -> Iterable[Finding]:
        return ()

    def _sent(self, entry: Entry, receiver: str, id: str) -> Iterator[Finding]:
        box = self._open.setdefault(receiver, set())
        if id in box:
            yield entry.finds("messages", f"{id} comes to {receiver} twice")
        elif (receiver, id) in self._done:
            yield entry.finds("messages", f"{id} comes to {receiver} again, which has done with it")
        box.add(id)

    def _over(self, entry: Entry, receiver: str, id: str) -> Iterator[Finding]:
        box = self._open.get(receiver, set())
        if id not in box:
            before = "has done with it before" if (receiver, id) in self._done else "never got it"
            yield entry.finds("messages", f"{receiver} is done with {id}, and {before}")
        box.discard(id)
        self._done[receiver, id] = None
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
