"""What collaboration folds of messages: who has which to acknowledge, which were seen, and who is in which group.

Bodies are in the events and in the read model alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec
from msgspec import Struct

from podium.contracts.messages import (
    GroupJoined,
    GroupLeft,
    MessageEvent,
    MessagesAcknowledged,
    MessagesDead,
    MessagesSent,
)
from podium.kernel.timers import Timers

SEEN_KEPT: Final = 100_000
"""How many messages that are done with are still known, so that none is delivered twice; the oldest go first."""


class _Dump(Struct, frozen=True):
    sent: int
    open: list[tuple[str, dict[str, float]]]
    seen: list[tuple[str, str]]
    groups: list[tuple[str, list[str]]]


class Messages:
    """Changed by `fold` alone.

    Attributes:
        sent: how many messages there were.
        open: receiver → message → when it expires, seconds since the epoch, UTC.
        seen: receivers and messages that are done with.
        groups: group → its members, in the order in which they came.
        timers: receiver → when its first message expires, or earlier.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.open: dict[str, dict[str, float]] = {}
        self.seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.groups: dict[str, list[str]] = {}
        self.timers = Timers()

    def fold(self, entity: str, event: MessageEvent) -> None:
        match event:
            case MessagesSent():
                box = self.open.setdefault(entity, {})
                self.sent += len(event.messages)
                box.update({message.id: message.expires for message in event.messages})
                first, known = min(message.expires for message in event.messages), self.timers.get(entity)
                if known is None or first < known:
                    self.timers.set(entity, first)
            case MessagesAcknowledged() | MessagesDead():
                self._close(entity, event.ids)
            case GroupJoined():
                self.groups.setdefault(entity, []).append(event.agent)
            case GroupLeft():
                members = self.groups[entity]
                members.remove(event.agent)
                if not members:
                    del self.groups[entity]

    def _close(self, receiver: str, ids: list[str]) -> None:
        box, seen = self.open[receiver], self.seen
        for id in ids:
            del box[id]
            seen[receiver, id] = None
        if not box:
            del self.open[receiver]
            self.timers.set(receiver, None)
        while len(seen) > SEEN_KEPT:
            seen.popitem(last=False)

    def is_known(self, receiver: str, id: str) -> bool:
        return id in self.open.get(receiver, ()) or (receiver, id) in self.seen

    def expired(self, receiver: str, now: float) -> list[str]:
        """What is due of a receiver; and when something will be next."""
        box = self.open.get(receiver, {})
        due = [id for id, expires in box.items() if expires <= now]
        self.timers.set(receiver, min((expires for expires in box.values() if expires > now), default=None))
        return due

    def dump(self) -> bytes:
        """Equal books give equal bytes."""
        content = _Dump(self.sent, list(self.open.items()), list(self.seen), list(self.groups.items()))
        return msgspec.json.encode(content)

    @staticmethod
    def load(dumped: bytes) -> Messages:
        """Raises: msgspec.MsgspecError"""
        content = msgspec.json.decode(dumped, type=_Dump)
        book = Messages()
        book.sent, book.open, book.groups = content.sent, dict(content.open), dict(content.groups)
        book.seen = OrderedDict.fromkeys(content.seen)
        for receiver, box in book.open.items():
            book.timers.set(receiver, min(box.values()))
        return book
