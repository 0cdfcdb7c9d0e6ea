"""Notifications as they come: past ones, then those to be, without a poll."""

from __future__ import annotations

import asyncio
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress

from eventsourcing.persistence import ApplicationRecorder, InterfaceError, Notification, Subscription
from nats.aio.client import Client

from podium.runtime.pull import Stored
from podium.runtime.reading import JetStreamReader

from .datastore import Datastore, as_persistence_error


class FollowedRecorder(ApplicationRecorder):
    """A recorder whose stream can be followed.

    Attributes:
        stream: its name.
    """

    datastore: Datastore
    stream: str

    def reader(self, client: Client, *filters: str) -> JetStreamReader:
        """Of what the stream holds."""
        return JetStreamReader(client, self.stream, *filters)

    @abstractmethod
    async def first_sequence(self, client: Client, id: int) -> int:
        """Of the message that holds a notification id, or of one before it."""

    @abstractmethod
    def notifications(self, messages: Sequence[Stored], topics: Sequence[str]) -> list[Notification]:
        """What the messages hold of these topics, or of any if none is named."""


class JetStreamSubscription(Subscription[FollowedRecorder]):
    """Follows a recorder's stream; where the server is restarted, it goes on when that is back.

    One thread may iterate; any may stop it.
    """

    def __init__(self, recorder: FollowedRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._ready: deque[Notification] = deque()
        self._lock = threading.Lock()
        self._coming: Future[Sequence[Stored]] | None = None
        self._turn = asyncio.Lock()
        self._batches: AsyncGenerator[Sequence[Stored], None] | None = None

    def stop(self) -> None:
        with self._lock:
            super().stop()
            if self._coming is not None:
                self._coming.cancel()
        with suppress(InterfaceError):
            self._recorder.datastore.submit(self._end)

    def __next__(self) -> Notification:
        after = self._last_notification_id or 0
        while not self._has_been_stopped:
            if self._ready:
                return self._ready.popleft()
            found = self._recorder.notifications(self._next_batch(), self._topics)
            self._ready.extend(notification for notification in found if notification.id > after)
        raise StopIteration

    def _next_batch(self) -> Sequence[Stored]:
        """Empty when it was stopped meanwhile."""
        with self._lock:
            if self._has_been_stopped:
                return ()
            coming = self._coming = self._recorder.datastore.submit(self._follow)
        try:
            return coming.result()
        except CancelledError:
            return ()
        except Exception as error:
            if (fault := as_persistence_error(error)) is None:
                raise
            raise fault from error

    async def _follow(self, client: Client) -> Sequence[Stored]:
        async with self._turn:
            if self._batches is None:
                sequence = await self._recorder.first_sequence(client, (self._last_notification_id or 0) + 1)
                self._batches = self._recorder.reader(client).follow(sequence - 1)
            return await anext(self._batches)

    async def _end(self, _: Client) -> None:
        """Give the consumer back."""
        async with self._turn:
            if self._batches is not None:
                await self._batches.aclose()
