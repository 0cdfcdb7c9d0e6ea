"""What is stored, by subject and by sequence; each answer is one request, and no consumer is made for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from eventsourcing.persistence import OperationalError
from nats.aio.client import Client

from podium.runtime.jsapi import LogUnavailable, call
from podium.runtime.pull import Stored
from podium.runtime.wire import Outgoing, read_headers

from .asking import RETRY, Asking

MAX_SUBJECTS: Final = 1000
"""The most subjects that are asked for in one request; the server answers for up to 1,024."""

_END: Final = 204
_NOTHING: Final = 404
_TOO_MANY: Final = 413


class _Found:
    """What comes in answer to one request.

    Attributes:
        left: how many more there are that match.
    """

    def __init__(self) -> None:
        self.found: list[Stored] = []
        self.status = 0
        self.description = ""
        self.left = 0

    def take(self, payload: bytes, headers: bytes) -> bool:
        status, fields = read_headers(headers)
        if status is None:
            self.found.append(Stored(int(fields["Nats-Sequence"]), fields["Nats-Subject"], payload))
            return False
        self.status, self.description = status, fields["Description"]
        self.left = int(fields.get("Nats-Num-Pending", "0"))
        return True


class Reading:
    """Reads one stream over one client.

    Args:
        replicas: of the stream. Any of them may answer, and one that lags behind does not have the newest; what the
            leader says is there is then asked for until it is.
        timeout: seconds for which an answer is waited for and asked for again.
    """

    def __init__(self, client: Client, stream: str, replicas: int, timeout: float) -> None:
        self._client = client
        self._stream = stream
        self._replicas = replicas
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._asking = Asking(client)

    async def page(self, first: int, count: int) -> list[Stored]:
        """The messages from a sequence on, up to `count`.

        Raises:
            OperationalError
        """
        page: list[Stored] = []
        while len(page) < count:
            found, _, left = await self._get({"seq": first, "batch": count - len(page)})
            page += found
            if not found or not left:
                break
            first = found[-1].sequence + 1
        return page

    async def matching(self, filter: str) -> list[Stored]:
        """The last message of each subject that matches.

        Raises:
            OperationalError
        """
        if self._replicas == 1 and (found := await self._last_of([filter])) is not None:
            return found
        return await self.last_of(list(await self.subjects(filter)))

    async def subjects(self, filter: str) -> dict[str, int]:
        """How many messages there are of each subject that matches, as the stream's leader knows it.

        Raises:
            OperationalError
        """
        subjects: dict[str, int] = {}
        deadline = self._loop.time() + self._timeout
        while True:
            body = {"subjects_filter": filter, "offset": len(subjects)}
            try:
                answer = await call(self._client, f"STREAM.INFO.{self._stream}", body)
            except LogUnavailable as error:
                if self._loop.time() >= deadline:
                    raise OperationalError(str(error)) from error
                await asyncio.sleep(RETRY)
                continue
            more: dict[str, int] = answer["state"].get("subjects") or {}
            subjects |= more
            if not more or len(subjects) >= answer.get("total", 0):
                return subjects

    async def last_of(self, subjects: Sequence[str]) -> list[Stored]:
        """The last message of each of these subjects, which all have one, in the stream's order.

        Raises:
            OperationalError
        """
        deadline = self._loop.time() + self._timeout
        all_found: list[Stored] = []
        for start in range(0, len(subjects), MAX_SUBJECTS):
            some = subjects[start : start + MAX_SUBJECTS]
            while len(found := await self._last_of(some) or []) < len(some):
                if self._loop.time() >= deadline:
                    raise OperationalError(f"{len(some) - len(found)} messages of {self._stream} did not come")
                await asyncio.sleep(RETRY)
            all_found += found
        return sorted(all_found, key=lambda stored: stored.sequence)

    async def _last_of(self, filters: Sequence[str]) -> list[Stored] | None:
        """The last message of each subject that matches; None if there are too many."""
        request: dict[str, Any] = {"multi_last": list(filters)}
        all_found: list[Stored] = []
        while True:
            found, status, left = await self._get(request)
            if status == _TOO_MANY:
                return None
            all_found += found
            if not found or not left:
                return all_found
            # what one answer may hold was full
            request["seq"] = found[-1].sequence + 1

    async def _get(self, request: dict[str, Any]) -> tuple[list[Stored], int, int]:
        """What is found, the closing status, and how many more there are."""
        deadline = self._loop.time() + self._timeout
        body = msgspec.json.encode(request)

        def message(reply: str) -> list[Outgoing]:
            return [Outgoing(f"$JS.API.DIRECT.GET.{self._stream}", body, reply=reply)]

        while True:
            answer, fault = _Found(), "no answer came"
            if self._client.is_connected and await self._asking.ask(message, answer, deadline):
                if answer.status in (_END, _NOTHING, _TOO_MANY):
                    return answer.found, answer.status, answer.left
                fault = f"{answer.description} ({answer.status})"
            if self._loop.time() >= deadline:
                raise OperationalError(f"{self._stream} could not be read within {self._timeout:g} s: {fault}")
            await asyncio.sleep(RETRY)
