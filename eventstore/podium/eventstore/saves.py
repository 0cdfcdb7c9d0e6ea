"""Saves on their way into a stream: each whole or not at all, and many of them with one write to disk.

A save is refused by the server, not here, if one of its subjects has another last message than it says. So a save may
be sent again as often as an answer is missing: what was stored the first time refuses the second, and is known by the
save's mark.

An atomic batch costs the server the same (2 to 3 ms) for 1 message and for 1,000; a message alone is a fifth of that.
So what is alone goes alone, and what has to wait goes together with all that waits.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from eventsourcing.persistence import DataError, NotSupportedError, OperationalError
from msgspec import Struct
from nats.aio.client import Client

from podium.runtime.jsapi import LogUnavailable, last_message
from podium.runtime.wire import HEADER_LINE, Outgoing, read_headers

from .asking import RETRY, Asking

MAX_MESSAGES: Final = 1000
"""The most that one atomic batch may have (a limit of the server)."""

HEADER_ROOM: Final = 512
"""Bytes of the largest message that are kept for its headers."""

MARK: Final = "Eventstore-Save"

ALONE: Final = 8
"""How many saves of one message may be under way each by itself; above, a batch is cheaper."""

BATCHES: Final = 2
"""How many batches may be under way: while the server writes one, the next arrives."""

_WRONG_LAST_SEQUENCE: Final = (10071, 10164)


class Draft(NamedTuple):
    """A message to be stored if `guard` is the sequence of its subject's last message, 0 for none."""

    subject: str
    payload: bytes
    guard: int = 0


class Stale(Exception):
    """The subject of a draft has another last message; nothing of the save is stored."""


class _Save:
    """
    Attributes:
        unsure: it was sent and may be stored, although no answer has come.
        single: to be sent by itself, after it was refused in company.
    """

    __slots__ = ("deadline", "drafts", "future", "mark", "single", "unsure")

    def __init__(self, drafts: Sequence[Draft], future: asyncio.Future[int], deadline: float) -> None:
        self.drafts = drafts
        self.future = future
        self.deadline = deadline
        self.mark = secrets.token_hex(8)
        self.unsure = False
        self.single = False


class _Fault(Struct):
    code: int = 500
    err_code: int = 0
    description: str = ""

    def text(self) -> str:
        return f"{self.description} ({self.err_code or self.code})"


class _Answer(Struct):
    seq: int = 0
    error: _Fault | None = None


_decoder: Final = msgspec.json.Decoder(_Answer)


class _Answers:
    """The one answer that a save gets."""

    def __init__(self) -> None:
        self.found: _Answer | None = None

    def take(self, payload: bytes, headers: bytes) -> bool:
        if payload:
            self.found = _decoder.decode(payload)
        else:
            status, _ = read_headers(headers)
            self.found = _Answer(error=_Fault(code=status or 500, description="nobody takes it"))
        return True


class Saves:
    """What is saved in one stream over one client, by any number of threads.

    Args:
        timeout: seconds for which a save is tried.
    """

    def __init__(self, client: Client, stream: str, timeout: float) -> None:
        self._client = client
        self._stream = stream
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Save] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._alone = 0
        self._batches = 0
        self._asking = Asking(client)

    async def save(self, drafts: Sequence[Draft]) -> int:
        """Store all drafts or none.

        Args:
            drafts: 1 to `MAX_MESSAGES`, each with another subject.

        Returns:
            The sequence of the first; those of the others follow it without a gap.

        Raises:
            Stale: for one of them at least.
            DataError: a payload that is larger than the server takes.
            NotSupportedError: too many.
            OperationalError: not within the time; what was sent may be stored all the same.
        """
        if len(drafts) > MAX_MESSAGES:
            raise NotSupportedError(f"{len(drafts)} messages in one save, the server stores at most {MAX_MESSAGES}")
        limit = self._client.max_payload - HEADER_ROOM - max(len(draft.subject) for draft in drafts)
        if (largest := max(len(draft.payload) for draft in drafts)) > limit:
            raise DataError(f"an event has {largest} bytes, the server takes at most {limit}")
        save = _Save(drafts, self._loop.create_future(), self._loop.time() + self._timeout)
        self._waiting.append(save)
        self._send()
        return await save.future

    def _send(self) -> None:
        """Send what may go now."""
        while self._waiting:
            head = self._waiting[0]
            if head.future.done():
                self._waiting.popleft()
            elif len(head.drafts) == 1 and (head.single or len(self._waiting) == 1) and self._alone < ALONE:
                self._alone += 1
                self._begin([self._waiting.popleft()], alone=True)
            elif self._batches < BATCHES:
                self._batches += 1
                self._begin(self._together(), alone=False)
            else:
                return

    def _together(self) -> list[_Save]:
        """The saves that wait, in order, as many as one batch takes."""
        group = [self._waiting.popleft()]
        subjects = {draft.subject for draft in group[0].drafts}
        count = len(group[0].drafts)
        while self._waiting and not group[0].single:
            save = self._waiting[0]
            count += len(save.drafts)
            added = {draft.subject for draft in save.drafts}
            if save.single or count > MAX_MESSAGES or subjects & added:
                break
            subjects |= added
            group.append(self._waiting.popleft())
        return group

    def _begin(self, group: list[_Save], *, alone: bool) -> None:
        task = self._loop.create_task(self._finish(group, alone))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _finish(self, group: list[_Save], alone: bool) -> None:
        try:
            await self._store(group)
        except Exception as error:
            for save in group:
                if not save.future.done():
                    save.future.set_exception(error)
        finally:
            if alone:
                self._alone -= 1
            else:
                self._batches -= 1
            self._send()

    async def _store(self, group: list[_Save]) -> None:
        """Send until there is an answer that settles it."""
        fault = "not connected to NATS"
        while group:
            if self._client.is_connected:
                answer = await self._attempt(group)
                if answer is not None and answer.error is None:
                    _settle(group, answer.seq)
                    return
                if answer is not None and answer.error is not None and answer.error.err_code in _WRONG_LAST_SEQUENCE:
                    break
                for save in group:
                    save.unsure = True
                fault = answer.error.text() if answer is not None and answer.error is not None else "no answer came"
            group = self._in_time(group, fault)
            await asyncio.sleep(RETRY)
        if len(group) > 1:
            self._separate(group)
        elif not group:
            return
        elif group[0].unsure and (first := await self._stored(group[0])) is not None:
            _settle(group, first + len(group[0].drafts) - 1)
        else:
            raise Stale

    def _in_time(self, group: list[_Save], fault: str) -> list[_Save]:
        """Those that are still to be tried; the others have failed."""
        now = self._loop.time()
        for save in group:
            if now >= save.deadline and not save.future.done():
                may_be = "; it may be saved" if save.unsure else ""
                text = f"not saved in {self._stream} within {self._timeout:g} s: {fault}{may_be}"
                save.future.set_exception(OperationalError(text))
        return [save for save in group if not save.future.done()]

    def _separate(self, group: list[_Save]) -> None:
        """One of them was refused, and all with it: each for itself."""
        for save in reversed(group):
            save.single = True
            self._waiting.appendleft(save)

    async def _stored(self, save: _Save) -> int | None:
        """The sequence of the save's first message if it is there from an attempt that was never answered."""
        while True:
            try:
                message = await last_message(self._client, self._stream, save.drafts[0].subject)
            except LogUnavailable as error:
                if self._loop.time() >= save.deadline:
                    raise OperationalError(f"{error}; it may be saved") from error
                await asyncio.sleep(RETRY)
                continue
            if message is None:
                return None
            _, headers = read_headers(base64.b64decode(message.get("hdrs", "")))
            return int(message["seq"]) if headers.get(MARK) == save.mark else None

    async def _attempt(self, group: list[_Save]) -> _Answer | None:
        """The server's answer, None if none comes."""
        answer = _Answers()
        deadline = min(save.deadline for save in group)
        await self._asking.ask(lambda reply: _messages(group, reply), answer, deadline)
        return answer.found


def _settle(group: Sequence[_Save], last: int) -> None:
    first = last + 1 - sum(len(save.drafts) for save in group)
    for save in group:
        if not save.future.done():
            save.future.set_result(first)
        first += len(save.drafts)


def _messages(group: Sequence[_Save], reply: str) -> list[Outgoing]:
    if len(group) == 1 and len(group[0].drafts) == 1:
        save = group[0]
        draft = save.drafts[0]
        return [
            Outgoing(draft.subject, draft.payload, f"{HEADER_LINE}{_guard(draft)}{MARK}: {save.mark}\r\n\r\n", reply)
        ]
    head = f"{HEADER_LINE}Nats-Batch-Id: {secrets.token_hex(8)}\r\nNats-Batch-Sequence: "
    messages: list[Outgoing] = []
    for save in group:
        mark = f"{MARK}: {save.mark}\r\n"
        for draft in save.drafts:
            headers = f"{head}{len(messages) + 1}\r\n{_guard(draft)}{mark}\r\n"
            messages.append(Outgoing(draft.subject, draft.payload, headers))
            mark = ""
    last = messages[-1]
    messages[-1] = last._replace(headers=f"{last.headers[:-2]}Nats-Batch-Commit: 1\r\n\r\n", reply=reply)
    return messages


def _guard(draft: Draft) -> str:
    return f"Nats-Expected-Last-Subject-Sequence: {draft.guard}\r\n"
