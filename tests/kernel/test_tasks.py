"""Tasks are ended for certain."""

from __future__ import annotations

import asyncio

from podium.runtime.tasks import cancel_all


async def test_a_cancellation_that_comes_with_the_answer_does_not_keep_a_task_alive():
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def asks_again_and_again() -> None:
        await asyncio.wait_for(answer, 60)
        await asyncio.Event().wait()

    task = asyncio.create_task(asks_again_and_again())
    await asyncio.sleep(0)
    answer.set_result(None)
    async with asyncio.timeout(60):
        await cancel_all([task])
    assert task.cancelled()


async def test_a_task_that_fails_meanwhile_has_ended():
    async def fails() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the end")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await cancel_all([task])
    assert isinstance(task.exception(), ValueError)
