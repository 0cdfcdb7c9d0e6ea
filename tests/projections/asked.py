"""What tests ask a read model that runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.projections.running import Refusal, Running


async def fault(running: Running, query: str, **body: Any) -> tuple[str, str]:
    """The code and the sentence of the fault that a query is answered with."""
    with pytest.raises(Refusal) as refusal:
        await running.ask(query, **body)
    return refusal.value.error.code, refusal.value.error.message


async def pages(running: Running, query: str, field: str, **body: Any) -> list[list[Any]]:
    """Page after page, to the last."""
    found: list[list[Any]] = []
    cursor = None
    while True:
        answer = await running.ask(query, **body, **({"cursor": cursor} if cursor else {}))
        found.append(getattr(answer, field))
        cursor = answer.next
        if cursor is None:
            return found
        assert found[-1]


def ids(tasks: Sequence[Any]) -> list[str]:
    return [task.task_id for task in tasks]
