"""Saves on their way into a stream: each whole or not at all, in the order of their notification ids.

One commit is under way at a time. It says at which sequence the stream and each of its aggregates must end, so that it
fails if anyone else was faster; then what is there is looked at again. A commit of one message is a plain guarded
publish; an atomic batch costs the server ten times as much, but the same for 2 messages as for 1,000. So only what has
to be together goes together, or what waits in great number.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec
from eventsourcing.persistence import NotSupportedError, OperationalError, PersistenceError
from msgspec import Struct
from nats.aio.client import Client

from podium.runtime.jsapi import LogUnavailable
from podium.runtime.wire import read_headers

from .asking import RETRY, Asking
from .commits import Run
from .drafts import Draft, Wish
from .places import Place
from .reading import Reading
from .tails import End, Tail, read_commit, read_end, read_tail

MAX_MESSAGES: Final = 1000
"""The most that one atomic batch may have (a limit of the server)."""

FEW: Final = 8
"""Up to so many saves that wait go one after the other, more of them in one batch."""

REMEMBERED: Final = 10_000
"""Aggregates of which it is remembered where they end; of the others it has to be asked."""

_WRONG_LAST_SEQUENCE: Final = (10071, 10164)


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
    """A commit that may be stored: its draft, and what each save in it would get."""

    draft: Draft
    firsts: dict[_Save, int]


class _Fault(Struct):
    code: int = 500
    err_code: int = 0
    description: str = ""


class _Reply(Struct):
    seq: int = 0
    error: _Fault | None = None


_decoder: Final = msgspec.json.Decoder(_Reply)


class _Replies:
    """The one answer that a commit gets."""

    def __init__(self) -> None:
        self.found: _Reply | None = None

    def take(self, payload: bytes, headers: bytes) -> bool:
        if payload:
            self.found = _decoder.decode(payload)
        else:
            status, _ = read_headers(headers)
            self.found = _Reply(error=_Fault(code=status or 500, description="nobody takes it"))
        return True


class Saving:
    """All that is saved in one stream over one client, by any number of threads.

    Args:
        timeout: seconds for which a save is tried.
    """

    def __init__(self, client: Client, place: Place, reading: Reading, timeout: float) -> None:
        self._client = client
        self._place = place
        self._reading = reading
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._asking = Asking(client)
        self._waiting: deque[_Save] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._tail: Tail | None = None
        self._ends: dict[str, End] = {}

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
            while self._waiting:
                group = self._next()
                try:
                    await self._commit(group)
                except PersistenceError as error:
                    _fail(group, error)
                except Exception as error:
                    _fail(group, OperationalError(f"a save failed: {error!r}"))
        finally:
            self._pump = None

    def _next(self) -> list[_Save]:
        """What goes into the next commit: the first that waits, or as many as there is room for."""
        group = [self._waiting.popleft()]
        count = _count(group[0])
        if count == 1 and len(self._waiting) < FEW:
            return group
        while self._waiting and count + _count(self._waiting[0]) <= MAX_MESSAGES:
            count += _count(self._waiting[0])
            group.append(self._waiting.popleft())
        return group

    async def _commit(self, group: Sequence[_Save]) -> None:
        """Send until there is an answer that settles it."""
        sent: list[_Sent] = []
        fault, careful = "not connected to NATS", False
        while group := self._in_time(group, fault):
            try:
                if sent and await self._arrived(sent):
                    return
                commit = await self._draft(group, careful)
            except LogUnavailable as error:
                self._tail, fault = None, str(error)
                await asyncio.sleep(RETRY)
                continue
            if not commit.firsts:
                return
            group, replies = list(commit.firsts), _Replies()
            deadline = min(save.deadline for save in group)
            await self._asking.ask(commit.draft.messages, replies, deadline)
            reply = replies.found
            if reply is not None and reply.error is None:
                self._settle(commit)
                return
            self._tail = None
            if reply is not None and reply.error is not None and reply.error.err_code in _WRONG_LAST_SEQUENCE:
                careful = True
                for part in commit.draft.parts:
                    self._ends.pop(part.subject, None)
                continue
            for save in group:
                save.unsure = True
            sent.append(commit)
            fault = "no answer came"
            if reply is not None and reply.error is not None:
                fault = f"{reply.error.description} ({reply.error.err_code or reply.error.code})"
            await asyncio.sleep(RETRY)

    async def _draft(self, group: Sequence[_Save], careful: bool) -> _Sent:
        """The saves of the group that can be; the others fail.

        Args:
            careful: nothing is taken for new without asking.
        """
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

        firsts: dict[_Save, int] = {}
        for save in group:
            if save.future.done():
                continue
            try:
                firsts[save] = await draft.add(save.wish, end_of, versions_of)
            except PersistenceError as error:
                save.future.set_exception(error)
        return _Sent(draft, firsts)

    async def _arrived(self, sent: list[_Sent]) -> bool:
        """Whether one of these is stored after all; those that no longer can be are taken out."""
        for commit in list(sent):
            first = await read_commit(self._client, self._place.stream, commit.draft.before.sequence + 1)
            if first is not None and first.mark == commit.draft.mark:
                self._settle(commit)
                self._tail = None
                return True
            if first is not None:
                sent.remove(commit)
        return False

    def _settle(self, commit: _Sent) -> None:
        self._tail = commit.draft.tail
        for subject, end in commit.draft.ends.items():
            self.remember(subject, end)
        for save, first in commit.firsts.items():
            if not save.future.done():
                save.future.set_result(first)

    def _in_time(self, group: Sequence[_Save], fault: str) -> list[_Save]:
        """Those that are still to be tried; the others have failed."""
        now = self._loop.time()
        for save in group:
            if now >= save.deadline and not save.future.done():
                may_be = "; it may be saved" if save.unsure else ""
                text = f"not saved in {self._place.stream} within {self._timeout:g} s: {fault}{may_be}"
                save.future.set_exception(OperationalError(text))
        return [save for save in group if not save.future.done()]


def _count(save: _Save) -> int:
    """Messages, unless one is too large."""
    return max(1, len(save.wish.runs))


def _fail(group: Sequence[_Save], error: PersistenceError) -> None:
    for save in group:
        if not save.future.done():
            save.future.set_exception(error)
