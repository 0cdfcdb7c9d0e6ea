"""Where blocking work is done, so that the event loop stays free."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Threads:
    """A few threads; with one, whatever it is given is done one after the other."""

    def __init__(self, name: str, count: int) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. If the caller is cancelled, the work is finished first."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def start(self, work: Callable[[], object]) -> None:
        """Have it done some time, while nobody waits for it; `close` does."""
        self._executor.submit(work).add_done_callback(_tell)

    @asynccontextmanager
    async def context(self, manager: AbstractContextManager[T]) -> AsyncGenerator[T]:
        """A context that blocks as it is entered and left; entered and left by these threads."""
        entered = await self.run(manager.__enter__)
        try:
            yield entered
        except BaseException as error:
            await self.run(partial(manager.__exit__, type(error), error, error.__traceback__))
            raise
        await self.run(partial(manager.__exit__, None, None, None))

    def close(self) -> None:
        self._executor.shutdown()


def _tell(done: Future[object]) -> None:
    if (error := done.exception()) is not None:
        _log.error("what nobody waited for has failed", exc_info=error)
