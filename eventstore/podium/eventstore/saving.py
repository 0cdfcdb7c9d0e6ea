"""Saves on their way into a stream: each whole or not at all, in the order of their notification ids.

One commit is under way at a time. It says at which sequence the stream and each of its aggregates must end, so that it
fails if anyone else was faster; then what is there is looked at again. Messages that need not be stored together are
sent in a chain, each only to be stored right behind the one before it. On one server an atomic batch costs as much as
ten to twenty messages, whatever its size; so it has what must be together, or what waits in great number. With
replicas it is the other way round.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import nats.errors
from eventsourcing.persistence import NotSupportedError, OperationalError, PersistenceError
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from podium.runtime.jsapi import LogUnavailable
from podium.runtime.wire import Outgoing, listen, publish_all

from .asking import RETRY, Asking
from .commits import Run
from .drafts import Draft, Wish
from .places import Place
from .reading import Reading
from .replies import Replies
from .tails import End, Tail, read_commit, read_end, read_tail

MAX_MESSAGES: Final = 1000
"""The most that one atomic batch may have (a limit of the server)."""

CHAIN: Final = 32
"""Up to so many saves that wait are sent in a chain, more of them in a batch."""

PATIENCE: Final = 3
"""How often a commit is too late before the other writers are asked for room."""

ROOM: Final = 0.02
"""Seconds for which a writer that was asked sends nothing: enough to look where the stream ends, and to send."""

REMEMBERED: Final = 10_000
"""Aggregates of which it is remembered where they end; of the others it has to be asked."""


class _Save:
    """
    Attributes:
        future: the notification id of the first event.
        unsure: it was sent without an answer, so it may be saved.
    """

    __slots__ = ("deadline", "future", "unsure", "wish")

    def __init__(self, wish: Wish, future: asyncio.Future[int], deadline: float) -> None:
        self.wish = wish
        self.future = future
        self.deadline = deadline
        self.unsure = False


class _Sent(Struct, frozen=True):
    """A commit on its way.

    Attributes:
        saves: in order, each with its first notification id and how many messages it ends behind.
        chained: each message may be stored or not, but none before those in front of it.
    """

    draft: Draft
    saves: list[tuple[_Save, int, int]]
    chained: bool


class Saving:
    """All that is saved in one stream over one client, by any number of threads.

    Args:
        replicas: of the stream.
        timeout: seconds for which a save is tried.
    """

    def __init__(self, client: Client, place: Place, reading: Reading, replicas: int, timeout: float) -> None:
        self._client = client
        self._place = place
        self._reading = reading
        self._chain = CHAIN if replicas == 1 else 1
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._asking = Asking(client)
        self._waiting: deque[_Save] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._tail: Tail | None = None
        self._ends: dict[str, End] = {}
        self._name = secrets.token_hex(8).encode()
        self._listening: Subscription | None = None
        self._asked_at = -ROOM

    async def save(self, wish: Wish) -> int:
        """Store all of it or nothing.

        Returns:
            The notification id of the first event; those of the others follow without a gap.

        Raises:
            IntegrityError: a version that an aggregate has, or a position that is not farther on.
            DataError: an event that is larger than the server takes.
            NotSupportedError: events of too many aggregates.
            OperationalError: not within the time; what was sent may be stored all the same.
        """
        if len(wish.runs) > MAX_MESSAGES:
            raise NotSupportedError(f"events of {len(wish.runs)} aggregates in one save, at most {MAX_MESSAGES} go in")
        save = _Save(wish, self._loop.create_future(), self._loop.time() + self._timeout)
        self._waiting.append(save)
        if self._pump is None:
            self._pump = self._loop.create_task(self._run())
        return await save.future

    def remember(self, subject: str, end: End) -> None:
        """Somebody has read to the end of an aggregate."""
        known = self._ends.get(subject)
        if known is None or known.sequence <= end.sequence:
            self._ends.pop(subject, None)
            self._ends[subject] = end
        while len(self._ends) > REMEMBERED:
            del self._ends[next(iter(self._ends))]

    def sequence(self, subject: str) -> int:
        """A sequence at which the aggregate has a message for certain; 0 if nothing is known."""
        known = self._ends.get(subject)
        return 0 if known is None else known.sequence

    async def _run(self) -> None:
        try:
            if self._listening is None:
                self._listening = await listen(self._client, self._place.room, self._asked)
            while self._waiting:
                if (wait := self._asked_at + ROOM - self._loop.time()) > 0:
                    await asyncio.sleep(wait)
                group = self._next()
                try:
                    await self._commit(group)
                except PersistenceError as error:
                    _fail(group, error)
                except Exception as error:
                    _fail(group, OperationalError(f"a save failed: {error!r}"))
        except nats.errors.Error as error:
            _fail(self._waiting, OperationalError(f"not saved: {error}"))
            self._waiting.clear()
        finally:
            self._pump = None

    def _next(self) -> list[_Save]:
        """What goes into the next commit: as much as there is room for."""
        group: list[_Save] = []
        room = MAX_MESSAGES
        while self._waiting and (room := room - max(1, len(self._waiting[0].wish.runs))) >= 0:
            group.append(self._waiting.popleft())
        return group

    async def _commit(self, group: Sequence[_Save]) -> None:
        """Send until there is an answer that settles each save."""
        sent: list[_Sent] = []
        fault, late = "not connected to NATS", 0
        while group := self._in_time(group, fault):
            try:
                if sent and await self._arrived(sent):
                    continue
                commit = await self._draft(group, sent, careful=late > 0)
            except LogUnavailable as error:
                self._tail, fault = None, str(error)
                await asyncio.sleep(RETRY)
                continue
            replies = await self._send(commit)
            self._settle(commit, replies.stored)
            if replies.stored == len(commit.draft.parts):
                self._tail = commit.draft.tail
                for subject, end in commit.draft.ends.items():
                    self.remember(subject, end)
                continue
            self._tail = None
            for part in commit.draft.parts:
                self._ends.pop(part.subject, None)
            if replies.late:
                late, fault = late + 1, "other writers were always faster"
                if late >= PATIENCE:
                    with suppress(nats.errors.Error):
                        await publish_all(self._client, [Outgoing(self._place.room, self._name)])
                continue
            for save, _, _ in commit.saves:
                save.unsure = True
            sent.append(commit)
            fault = "no answer came" if replies.fault is None else replies.fault.text()
            await asyncio.sleep(RETRY)

    def _asked(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        if payload != self._name:
            self._asked_at = self._loop.time()

    async def _send(self, commit: _Sent) -> Replies:
        count = len(commit.draft.parts)
        replies = Replies(count, 1) if commit.chained else Replies(1, count)
        if count:
            deadline = min(save.deadline for save, _, _ in commit.saves)
            messages = commit.draft.chain if commit.chained else commit.draft.batch
            await self._asking.ask(messages, replies, deadline)
        return replies

    async def _draft(self, group: Sequence[_Save], sent: Sequence[_Sent], *, careful: bool) -> _Sent:
        """The saves of the group that can be; the others fail.

        Args:
            sent: may be stored yet: what it has of a save is no reason that this save cannot be.
            careful: nothing is taken for new without asking.
        """
        under_way = {id(save) for commit in sent for save, _, _ in commit.saves}
        if self._tail is None:
            self._tail = await read_tail(self._client, self._place.stream)
        draft = Draft(self._tail, self._place.track, self._client.max_payload)

        async def end_of(run: Run) -> End:
            known = self._ends.get(run.subject)
            if known is None and (careful or min(entry.version for entry in run.entries) > 1):
                known = await read_end(self._client, self._place.stream, run.subject)
                self.remember(run.subject, known)
            return known or End()

        async def versions_of(subject: str, first: int) -> set[int]:
            history = await self._reading.history(subject, gt=first - 1, reaching=self.sequence(subject))
            return {entry.version for _, commit in history for entry in commit.events}

        saves: list[tuple[_Save, int, int]] = []
        for save in group:
            if save.future.done():
                continue
            try:
                first = await draft.add(save.wish, end_of, versions_of)
                saves.append((save, first, len(draft.parts)))
            except PersistenceError as error:
                if id(save) not in under_way:
                    save.future.set_exception(error)
        chained = len(draft.parts) == len(saves) <= self._chain
        return _Sent(draft, saves, chained)

    async def _arrived(self, sent: list[_Sent]) -> bool:
        """Whether any save of these is stored after all; what no longer can be is taken out."""
        any_settled = False
        for commit in list(sent):
            stored, found = 0, None
            for sequence in range(commit.draft.before.sequence + 1, commit.draft.tail.sequence + 1):
                found = await read_commit(self._client, self._place.stream, sequence)
                if found is None or found.mark != commit.draft.mark:
                    break
                stored += 1
            if found is not None and (found.mark != commit.draft.mark or stored == len(commit.draft.parts)):
                sent.remove(commit)
            any_settled = self._settle(commit, stored) or any_settled
        return any_settled

    def _settle(self, commit: _Sent, stored: int) -> bool:
        """So many messages are stored; whether that settles any save."""
        settled = [(save, first) for save, first, end in commit.saves if end <= stored and not save.future.done()]
        for save, first in settled:
            save.future.set_result(first)
        return bool(settled)

    def _in_time(self, group: Sequence[_Save], fault: str) -> list[_Save]:
        """Those that are still to be tried; the others have failed."""
        now = self._loop.time()
        for save in group:
            if now >= save.deadline and not save.future.done():
                may_be = "; it may be saved" if save.unsure else ""
                text = f"not saved in {self._place.stream} within {self._timeout:g} s: {fault}{may_be}"
                save.future.set_exception(OperationalError(text))
        return [save for save in group if not save.future.done()]


def _fail(group: Iterable[_Save], error: PersistenceError) -> None:
    for save in group:
        if not save.future.done():
            save.future.set_exception(error)
