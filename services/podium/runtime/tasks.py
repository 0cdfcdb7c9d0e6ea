"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

_AGAIN: Final = 0.1


async def cancel_all(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Cancel them and return when all have ended, however they did.

    In Python 3.11 `asyncio.wait_for` swallows a cancellation that comes together with its answer: one may not do.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)
