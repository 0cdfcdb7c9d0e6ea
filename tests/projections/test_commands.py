"""Who asked for what: a row for each command that the rules decided, found by who, what, when and how it ended."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from podium.contracts.catalogue import wire_name
from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import CancelTask, PauseTask, SubmitTask, SubmitTasks, TaskEntry
from podium.kernel.commands import Incoming
from podium.kernel.main import make_decider
from podium.kernel.partition import Partition
from podium.kernel.step import Round
from tests.projections.running import Refusal, Running

pytestmark = pytest.mark.asyncio(loop_scope="session")

ECHO = SubmitTask(kind="echo", skills=["echo"])
BEGAN = 1_767_225_600.0


def incoming(subjects: Subjects, service: Service, id: str, principal: str, entity: str, command: Struct) -> Incoming:
    subject = subjects.command(service, principal, entity, wire_name(command))
    return Incoming(subject, subjects.read_command(subject), msgspec.json.encode(command), id, None, None, None, "")


async def decide(running: Running, *commands: tuple[str, str, Struct]) -> None:
    """A second apart; what the router makes of them is in its stream, and so are the ids `c-0`, `c-1`, …"""
    partition = Partition(make_decider("router"), running.subjects, 0)
    for number, command in enumerate(commands):
        round = Round()
        partition.step(round, [incoming(running.subjects, "router", f"c-{number}", *command)], BEGAN + number)
        for batch in round.batches():
            for record in batch.records:
                await running.router.raw(record.subject, record.payload)
            partition.committed(batch, running.router.last)


async def asked(running: Running, **filters: object) -> list[str]:
    return [command.command_id for command in (await running.ask("audit.list", **filters)).commands]


async def test_each_command_once_with_its_outcome(running: Running):
    await decide(
        running,
        ("ada", "t1", ECHO),
        ("bob", "both", SubmitTasks([TaskEntry("t2", ECHO), TaskEntry("t3", ECHO)])),
        ("bob", "t1", PauseTask("wait")),
        ("ada", "t1", PauseTask("wait")),
        ("ada", "t9", CancelTask("why not")),
    )
    refused, again, paused, both, one = (await running.ask("audit.list")).commands
    assert (refused.command, refused.outcome, refused.code) == ("cancel_task", "refused", "unknown_task")
    assert refused.message
    assert (again.command, again.outcome, again.event) == ("pause_task", "accepted", "podium.command_accepted.v1")
    assert (paused.principal, paused.entity, paused.at) == ("bob", "t1", BEGAN + 2)
    assert (both.command, both.entity, both.sequence) == ("submit_tasks", "t2", one.sequence + 1)
    assert (one.service, one.principal, one.command, one.command_id) == ("router", "ada", "submit_task", "c-0")

    assert await asked(running, principal="bob") == ["c-2", "c-1"]
    assert await asked(running, command="pause_task", principal="ada") == ["c-3"]
    assert await asked(running, outcome="refused") == ["c-4"]
    assert await asked(running, entity="t1", since=BEGAN + 2, until=BEGAN + 3) == ["c-2"]
    assert await asked(running, service="registry") == []
    page = await running.ask("audit.list", limit=2)
    rest = await running.ask("audit.list", limit=3, cursor=page.next)
    assert [command.command_id for command in (*page.commands, *rest.commands)] == ["c-4", "c-3", "c-2", "c-1", "c-0"]
    assert rest.next is None
    with pytest.raises(Refusal, match=r"\$\.outcome"):
        await running.ask("audit.list", outcome="lost")
