"""What is sealed for somebody who is forgotten is nowhere any more: every byte of the data directory is searched."""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from zstandard import ZstdDecompressor

from podium.client import Agent, Client, CommandRefused, Erased, Task, new_task, workflows
from podium.client._inbox import ReceivedMessage
from podium.contracts.queries import GetTask
from podium.contracts.tasks import Retry
from podium.contracts.workflow_queries import GetRun
from podium.contracts.workflows import StepCompleted
from tests.podium_system import Podium

WORDS = ("diagnosis", "result", "complaint", "letter", "answer", "goal", "context", "name", "remark")
SECRETS = [f"{word}-of-hers" for word in WORDS]
"""Text that is hers, and stands nowhere but in what is sealed."""

PERSON = "person-17"
DOCTOR = "doctor-of-hers"
FIRST, SECOND = "hers-1", "hers-2"
VISIT, NEXT_VISIT = "visit-1", "visit-2"


async def cli(podium: Podium, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.client.cli", *arguments),
        env=podium.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@asynccontextmanager
async def doctor(podium: Podium):
    """An agent that reads what it is given, and says what it makes of it."""
    agent = Agent(DOCTOR, slots=4)

    @agent.skill("examine")
    async def examine(task: Task) -> dict[str, str]:
        await task.progress(0.5, note=f"at the {SECRETS[0]}")
        if task.input["text"] != SECRETS[0]:
            raise ValueError("it is another text")
        return {"found": SECRETS[1]}

    @agent.skill("refuse")
    async def refuse(task: Task) -> None:
        raise ValueError(f"{SECRETS[2]}: {task.input}")

    @agent.skill("write")
    async def write(task: Task) -> str:
        assert task.input == {"found": SECRETS[1], "name": SECRETS[7], "told": {"remark": SECRETS[8]}}
        return SECRETS[3]

    @agent.skill("session")
    async def phase(task: Task) -> dict[str, str]:
        assert (task.input["goal"], task.input["context"]["file"]) == (SECRETS[5], SECRETS[6])
        return {"answer": SECRETS[4]}

    @agent.on_message
    async def on_message(message: ReceivedMessage) -> str:
        assert message.body == SECRETS[3]
        return SECRETS[4]

    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(agent.serve(podium.url, stop=stop, ready=ready.set, patience=20.0))
    await asyncio.wait((serving, asyncio.create_task(ready.wait())), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        stop.set()
        await serving


def contents(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's name and bytes, unpacked; one that goes meanwhile is passed over."""
    for path in directory.rglob("*"):
        if path.is_file():
            with suppress(FileNotFoundError):
                packed = path.read_bytes()
                if path.suffix == ".zst":
                    with ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
                        yield path.name, reader.read()
                else:
                    yield path.name, packed


def plain(*directories: Path) -> list[str]:
    """Every file in which one of the secrets stands, and which."""
    found = (file for directory in directories for file in contents(directory))
    return [f"{name}: {secret}" for name, content in found for secret in SECRETS if secret.encode() in content]


def holding(directory: Path, text: bytes) -> set[str]:
    """The names of the files in which it stands."""
    return {name for name, content in contents(directory) if text in content}


async def key_of(client: Client) -> bytes:
    """What the bucket of keys holds for her."""
    subjects = client.subjects
    place = f"$JS.API.DIRECT.GET.{subjects.key_stream()}.{subjects.key(PERSON)}"
    return (await client.connection.request(place, b"", 20)).data


async def live(podium: Podium, ada: Client) -> None:
    """Everything that may be said of her happens."""
    task = new_task("examine", {"text": SECRETS[0]}, data_subject=PERSON, input_schema={"type": "object"})
    await ada.submit_many({FIRST: task})
    assert await ada.result(FIRST, 60) == {"found": SECRETS[1]}
    await ada.submit_many({FIRST: task})  # the same once more is the same
    with pytest.raises(CommandRefused, match="another task"):
        await ada.submit("examine", {"text": "other"}, task_id=FIRST, data_subject=PERSON)

    once = Retry(max_attempts=1)
    await ada.submit("refuse", SECRETS[0], task_id=SECOND, data_subject=PERSON, retry=once)
    assert (await ada.wait(SECOND, 60)).message == f"{SECRETS[2]}: {SECRETS[0]}"

    assert await ada.messages.request(DOCTOR, SECRETS[3], data_subject=PERSON, timeout=60) == SECRETS[4]
    session = await ada.sessions.create(
        SECRETS[5], [DOCTOR], context={"file": SECRETS[6]}, data_subject=PERSON, run=True
    )
    assert (await session.result(60)).answer == {"answer": SECRETS[4]}
    await visit(ada)


async def visit(ada: Client) -> None:
    """A workflow works on what is hers; a second run of it waits to be told something."""
    said = {"letter": "${steps.write.output}", "told": "${steps.told.output}", "found": "${steps.examine.output.found}"}
    steps = workflows.Workflow("visit", output=said)
    examined = steps.step("examine", skills=["examine"], input={"text": "${input.text}"})
    told = steps.step("told", after=[examined], wait_for="told")
    found = {"found": examined.field("found"), "name": "${input.name}", "told": told.output}
    steps.step("write", after=[examined, told], skills=["write"], input=found)
    await workflows.define(ada, steps)
    given = {"text": SECRETS[0], "name": SECRETS[7]}
    for run in (VISIT, NEXT_VISIT, VISIT):  # the same once more is the same
        assert await workflows.start(ada, "visit", given, run_id=run, data_subject=PERSON) == run
    await workflows.signal(ada, VISIT, "told", {"remark": SECRETS[8]}, data_subject=PERSON)
    output = {"letter": SECRETS[3], "told": {"remark": SECRETS[8]}, "found": SECRETS[1]}
    assert await asyncio.wait_for(workflows.result(ada, VISIT), 60) == output
    assert await asyncio.wait_for(_examined(ada), 60) == {"found": SECRETS[1]}


async def _examined(ada: Client) -> object:
    """What came of the first step of the run that waits."""
    async for event in workflows.story(ada, NEXT_VISIT):
        if isinstance(event.data, StepCompleted):
            return json.loads(bytes(event.data.output))
    return None


async def run_on(podium: Podium) -> None:
    """The run goes on to a step that needs what was erased, and fails; so it says, and nothing else stops."""
    async with Client(podium.url, "ada") as client, doctor(podium):
        await workflows.signal(client, NEXT_VISIT, "told", {"remark": None})
        with pytest.raises(workflows.RunFailed) as failed:
            await asyncio.wait_for(workflows.result(client, NEXT_VISIT), 60)
        assert failed.value.code == "erased"
        with pytest.raises(Erased):
            await workflows.start(client, "visit", {"text": "more"}, data_subject=PERSON)


async def answers(podium: Podium, then: dict[str, int]) -> list[object]:
    """What a client sees of her that has never asked before, now and as of before she was forgotten."""
    async with Client(podium.url, "ada") as client:
        first, second = [(await client.query(GetTask(task_id=id, fresh=True, wait=60))).task for id in (FIRST, SECOND)]
        assert first.spec is not None
        once = (await client.query(GetTask(task_id=FIRST, as_of=then, wait=60))).task
        assert once.spec is not None
        assert [bytes(once.spec.input), bytes(once.output)] == [bytes(first.spec.input), bytes(first.output)]
        letters = await client.messages.list(receiver=DOCTOR)
        run = await client.query(GetRun(run_id=VISIT, fresh=True, wait=60))
        assert await workflows.result(client, VISIT) == json.loads(bytes(run.output))
        with pytest.raises(Erased):
            await client.result(FIRST, 60)
        with pytest.raises(Erased):
            await client.submit("examine", "more", data_subject=PERSON)
        parts = json.loads(bytes(run.output))
        said = [bytes(first.spec.input), bytes(first.output), second.message, *(bytes(row.body) for row in letters)]
        return [*said, parts["letter"], parts["told"]["remark"], parts["found"]]


async def snapshots(client: Client) -> bytes:
    """What the services save of themselves now; on the disk it is compressed."""
    nc, subjects = client.connection.nats, client.subjects
    for service in ("registry", "router", "collaboration"):
        await client.connection.request(subjects.snapshot(service), b"", 60)
    store = await nc.jetstream().object_store(subjects.snapshot_bucket())
    found = [(await store.get(entry.name)).data or b"" for entry in await store.list() if entry.name]
    return b"".join(zlib.decompress(packed) for packed in found)


@pytest.mark.asyncio(loop_scope="session")
async def test_what_belongs_to_who_is_forgotten_is_nowhere(shared_podium: Podium, tmp_path: Path):
    podium, data, exported = shared_podium, shared_podium.data_dir, tmp_path / "all.jsonl"
    async with Client(podium.url, "ada") as ada, doctor(podium):
        await live(podium, ada)
        answer = await ada.query(GetTask(task_id=FIRST, fresh=True, wait=60))
        seen, then = answer.task.spec, answer.positions
        assert seen is not None
        assert json.loads(bytes(seen.input)) == {"text": SECRETS[0]}
        key = await key_of(ada)
        saved = await snapshots(ada)
    assert b"podium-sealed.1." in saved
    assert not [secret for secret in SECRETS if secret.encode() in saved]
    assert (await cli(podium, "audit", "export", "--output", str(exported)))[0] == 0
    archived = tmp_path / "archive"
    assert (await cli(podium, "archive", "run", str(archived)))[0] == 0
    assert plain(data, exported.parent) == []
    assert holding(data, key) == {"1.blk"}

    code, said = await cli(podium, "forget", PERSON, "--reason", "asked for by letter")
    assert (code, said) == (0, f"forgotten  {PERSON}: its key is erased\n")
    hole = f"podium-erased.{PERSON}"
    holes = await answers(podium, then)
    assert holes == [*[f'"{hole}"'.encode()] * 2, hole, f'"{hole}"'.encode(), hole, hole, hole]
    await run_on(podium)
    assert (await cli(podium, "rebuild"))[0] == 0
    assert await answers(podium, then) == holes
    assert (await cli(podium, "audit", "verify", str(exported)))[0] == 0
    assert plain(data, exported.parent) == []
    assert holding(data, key) == set()
    assert holding(data, b"podium-sealed.1.")
    assert holding(archived, b"podium-sealed.1.")
    assert (await cli(podium, "archive", "verify", str(archived)))[0] == 0


@pytest.mark.asyncio(loop_scope="session")
async def test_who_forgets_while_the_keeper_is_away_is_told_so(shared_podium: Podium):
    person = "person-18"
    shared_podium.freeze("keeper")
    try:
        assert (await cli(shared_podium, "forget", person, "--timeout", "0.5")) == (3, "")
    finally:
        shared_podium.thaw("keeper")
    assert (await cli(shared_podium, "forget", person, "--timeout", "60")) == (
        0,
        f"forgotten  {person}: its key is erased\n",
    )
