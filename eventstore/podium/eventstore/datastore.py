"""The connection behind synchronous recorders: one NATS client on a thread of its own, for all of a factory."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, Final, TypeVar

import nats.errors
import uvloop
from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError, ProgrammingError
from nats.aio.client import Client

from podium.runtime.connection import connect, disconnect
from podium.runtime.jsapi import NOT_FOUND, ApiError, LogMissing, LogUnavailable

from .settings import Settings

T = TypeVar("T")

CLOSE_SECONDS: Final = 5.0


class Datastore:
    """A client that connects when it is first needed and reconnects until it is closed.

    Its methods may be called from any thread but its own. An application that is not closed takes it along when it is
    collected, or when the program ends.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._thread = _LoopThread()
        self._line = _Line(settings)
        self._finalizer = weakref.finalize(self, _end, self._thread, self._line)

    @property
    def closed(self) -> bool:
        return not self._finalizer.alive

    def submit(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> Future[T]:
        """Start work with the client, on its thread.

        Raises:
            InterfaceError: the datastore is closed.
        """
        if self.closed:
            raise InterfaceError("the datastore is closed")
        return asyncio.run_coroutine_threadsafe(self._line.work(work), self._thread.loop)

    def run(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        """Do work with the client.

        Raises:
            PersistenceError: as the library defines them.
        """
        future = self.submit(work)
        try:
            return future.result()
        except BaseException as error:
            future.cancel()
            if isinstance(error, CancelledError):
                raise InterfaceError("the datastore was closed") from error
            if (fault := as_persistence_error(error)) is None:
                raise
            raise fault from error

    def soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call on the client's thread, without waiting.

        Raises:
            InterfaceError: the datastore is closed.
        """
        try:
            self._thread.loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError as error:
            raise InterfaceError("the datastore is closed") from error

    def close(self) -> None:
        """Close the connection and end the thread; harmless to repeat."""
        self._finalizer()


def as_persistence_error(error: BaseException) -> PersistenceError | None:
    """The library's word for what NATS says; None for what is not NATS's."""
    match error:
        case PersistenceError():
            return error
        case LogMissing():
            return ProgrammingError(str(error))
        case ApiError():
            return ProgrammingError(str(error)) if error.code == NOT_FOUND else OperationalError(str(error))
        case LogUnavailable() | nats.errors.Error() | ConnectionError():
            return OperationalError(str(error) or type(error).__name__)
        case _:
            return None


class _Line:
    """The client, as its thread sees it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def work(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        return await work(self._client or await self._connected())

    async def _connected(self) -> Client:
        settings = self._settings
        async with self._connecting:
            if self._client is None:
                self._client = await connect(
                    settings.url,
                    name=f"eventstore-{settings.prefix}",
                    user=settings.user,
                    password=settings.password,
                    user_credentials=settings.credentials,
                    timeout=settings.timeout,
                )
        return self._client

    async def close(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if self._client is not None:
            await disconnect(self._client)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _LoopThread:
    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="podium-eventstore", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_SECONDS)
            if not self._thread.is_alive():
                self.loop.close()


def _end(thread: _LoopThread, line: _Line) -> None:
    try:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(line.close(), thread.loop).result(CLOSE_SECONDS)
    finally:
        thread.end()
