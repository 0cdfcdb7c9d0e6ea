"""Every query that there is may be asked of a moment, and has the answer that it had then."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from podium.contracts.catalogue import EVENT_UNIONS, decode_data
from podium.contracts.examples import EVENT_EXAMPLES, QUERY_EXAMPLES
from podium.contracts.queries import QUERIES
from podium.contracts.subjects import Subjects
from tests.nats_server import NatsServer
from tests.projections.feed import Event
from tests.projections.running import Refusal, Running

BY_THE_CLOCK: Final[dict[str, tuple[str, ...]]] = {
    "system.overview": ("lag", "completed_last_minute", "failed_last_minute"),
    "workflows.stats": ("since", "until"),
    "schedules.get": ("due",),
}
"""What an answer says of the time at which it is given."""

WITHOUT_EXAMPLE: Final = ["runs.migration", "conflicts.get"]
"""The events that are examples do not tell of what these queries ask for."""


async def write_examples(running: Running, suffix: str = "") -> None:
    """One event of each kind."""
    for service in EVENT_UNIONS:
        envelopes = [envelope for envelope in EVENT_EXAMPLES.values() if f"/{service}/" in envelope.source]
        named = [(f"{envelope.subject}{suffix}", decode_data(envelope), envelope.actor) for envelope in envelopes]
        await running.feed(service).write_all(Event(name, data, actor) for name, data, actor in named if data)


async def answers(running: Running, **moment: Any) -> dict[str, Any]:
    """What is said to the example of every query; of a fault its code and sentence."""
    said: dict[str, Any] = {}
    for name, query in QUERIES.items():
        body = msgspec.json.decode(msgspec.json.encode(QUERY_EXAMPLES[query][0])) | moment
        try:
            answer = msgspec.json.decode(msgspec.json.encode(await running.ask(name, **body)))
            said[name] = {field: value for field, value in answer.items() if field not in BY_THE_CLOCK.get(name, ())}
        except Refusal as refusal:
            said[name] = {"code": refusal.error.code, "message": refusal.error.message}
    return said


@pytest.mark.asyncio(loop_scope="session")
async def test_every_query_has_the_answer_of_then(shared_nats: NatsServer, subjects: Subjects, tmp_path: Path):
    async with Running(shared_nats.url, subjects, f"sqlite:///{tmp_path / 'read-model.db'}") as running:
        before = await answers(running)
        await write_examples(running)
        positions = (await running.ask("system.overview")).positions
        then = await answers(running)
        assert [name for name in QUERIES if then[name] == before[name]] == WITHOUT_EXAMPLE
        await write_examples(running, "-later")
        assert await answers(running, as_of=positions) == then
        assert await answers(running, as_of=dict.fromkeys(positions, 0)) == before
