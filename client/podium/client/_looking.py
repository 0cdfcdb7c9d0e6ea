"""Asking what is open: messages may be missed, and what is open is asked for again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from ._connection import Connection
from .errors import QueryFailed, ServiceUnavailable

_SECONDS: Final = 60.0
"""How often it is asked for even if nothing has happened."""

_AGAIN_SECONDS: Final = 1.0

_log: Final = logging.getLogger(__name__)


class Looking:
    """Looks at the start, when it is told to, and now and then; soon again if nobody has answered.

    Args:
        noun: what is looked for, for the log.
    """

    def __init__(self, connection: Connection, noun: str) -> None:
        self._connection = connection
        self._noun = noun
        self._wanted = asyncio.Event()

    def now(self) -> None:
        """Something may have been missed."""
        self._wanted.set()

    async def run(self, look: Callable[[], Awaitable[None]]) -> None:
        """Look for ever.

        Raises:
            QueryFailed, ServiceUnavailable: the connection is closed for good.
        """
        while True:
            self._wanted.clear()
            wait = _SECONDS
            try:
                await look()
            except (QueryFailed, ServiceUnavailable) as error:
                if self._connection.is_closed:
                    raise
                _log.debug("open %s: not known yet: %s", self._noun, error)
                wait = _AGAIN_SECONDS
            try:
                async with asyncio.timeout(wait):
                    await self._wanted.wait()
            except TimeoutError:
                pass
