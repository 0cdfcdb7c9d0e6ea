"""What is cut from a stream was archived, is needed by no start, and is read as before; else nothing is cut."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import aclosing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from podium.keeper import archiving, chain
from podium.keeper.archiving import add, place_of, say_where
from podium.keeper.cutting import Code, Cutter, NotCut
from podium.keeper.export import Exporter
from podium.keeper.ledger import Ledger, event_streams
from podium.keeper.verify import Verdict, Verifier
from podium.keeper.wishes import Wish
from podium.kernel.jetstream import JetStreamLog
from podium.kernel.log import Conflict, Record
from podium.kernel.provision import provision
from podium.runtime import pull
from podium.runtime.jsapi import EventsCut, call, first_sequence
from podium.runtime.log import LogReader
from podium.runtime.pull import Stored
from tests.keeper.kept import AGENTS, LIVES, Kept
from tests.projections.feed import life

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = 4 * LIVES
"""Of the router, before a test adds some."""


def told(events: list[Stored]) -> list[tuple[int, str, bytes]]:
    return [(event.sequence, event.subject, event.payload) for event in events]


async def first(kept: Kept, service: str = "router") -> int:
    return await first_sequence(kept.nc, kept.subjects.event_stream(service))


async def verified(kept: Kept) -> Verdict:
    verifier, number = Verifier(None), 0
    async for line in Exporter(kept.nc, kept.subjects).lines(event_streams(kept.subjects), None):
        number += 1
        verifier.add(number, line)
    return verifier.end()


async def refusal(kept: Kept, keep: int = 5, **to: int) -> tuple[Code, str]:
    before = await first(kept)
    with pytest.raises(NotCut) as refused:
        await kept.cut(keep, to or None)  # type: ignore[arg-type]
    assert await first(kept) == before
    return refused.value.code, str(refused.value)


async def test_what_was_cut_is_read_as_before_by_everybody(kept: Kept):
    before, started = await kept.events("router"), f"{kept.subjects.prefix}.evt.router.*.*.task_started"
    await kept.archive()
    await kept.snapshot()
    steps = await kept.cut()
    assert "43 events were cut" in steps[-1].said
    assert await first(kept) == 44
    assert await first(kept, "registry") == 1

    assert told(await kept.events("router")) == told(before)
    assert told(await kept.events("router", after=9)) == told(before)[9:]
    assert told(await kept.events("router", started)) == [e for e in told(before) if e[1].endswith("task_started")]
    async with asyncio.timeout(60):
        followed = list[Stored]()
        async for batch in JetStreamLog(kept.nc, kept.subjects, "router", 0, alone=True).follow(2):
            followed += batch
            if followed[-1].sequence == EVENTS:
                break
    assert told(followed) == told(before)[2:]

    history = await kept.ask("tasks.history", task_id="t0")
    assert [received.sequence for received in history.events] == [1, 2, 3, 4]
    stream = kept.subjects.event_stream("router")
    assert (await kept.ask("tasks.get", task_id="t0", as_of={stream: 2})).task.phase == "assigned"
    assert (await verified(kept)).proven[stream] == (1, EVENTS)

    log = JetStreamLog(kept.nc, kept.subjects, "router", 0, alone=True)
    record = Record(before[0].subject, before[0].payload)
    with pytest.raises(Conflict):
        await log.append([record], EVENTS - 1)
    assert await log.append([record], EVENTS) == EVENTS + 1

    await add(kept.nc, kept.subjects, kept.place)
    await kept.snapshot()
    await kept.cut(keep=1)
    assert await first(kept) == EVENTS + 1
    assert told(await kept.events("router"))[:-1] == told(before)


async def test_a_chain_begins_with_the_archive_where_no_checkpoint_is_left(kept: Kept):
    await kept.archive()
    await kept.snapshot()
    await kept.cut()
    await kept.stop_keeping()
    await call(kept.nc, f"STREAM.DELETE.{kept.subjects.checkpoint_stream()}")
    await provision(kept.nc, kept.subjects, [])
    ledger = Ledger(kept.nc, kept.subjects, kept.key)
    await ledger.open()
    stream = kept.subjects.event_stream("router")
    assert ledger.heads[stream].sequence == EVENTS
    assert ledger.heads[stream] == chain.extend(chain.start(stream), await kept.events("router"))
    of_another_key = Ledger(kept.nc, kept.subjects, Ed25519PrivateKey.generate())
    await of_another_key.open()
    assert of_another_key.heads == {}
    await of_another_key.carry()
    assert of_another_key.heads[stream] == ledger.heads[stream]


async def test_an_archive_that_is_gone_is_asked_for_in_a_sentence_and_may_have_moved(kept: Kept, tmp_path: Path):
    before = await kept.events("router")
    await kept.archive()
    await kept.snapshot()
    await kept.cut()
    (tmp_path / "archive").rename(tmp_path / "elsewhere")
    with pytest.raises(EventsCut, match=r"event 1 of .* was cut, and its archive cannot be read: .*/archive/manifest"):
        await kept.events("router")
    assert len(await kept.events("router", after=43)) == 5
    await say_where(kept.nc, kept.subjects, place_of(str(tmp_path / "elsewhere")), kept.settings)
    assert told(await kept.events("router")) == told(before)


async def test_the_object_store_holds_an_archive_too(kept: Kept):
    before = await kept.events("router")
    kept.place = place_of("objects")
    await say_where(kept.nc, kept.subjects, kept.place, kept.settings)
    await kept.archive()
    await kept.snapshot()
    await kept.cut()
    assert told(await kept.events("router")) == told(before)


async def test_nothing_is_cut_that_is_not_archived_and_proved(kept: Kept, tmp_path: Path):
    await kept.until_kept()
    assert (await refusal(kept))[0] == "archive_faulty"
    await kept.archive()
    await kept.snapshot()
    await kept.router.write(*life("later", "a1"))
    code, sentence = await refusal(kept, router=EVENTS + 1)
    assert (code, f"event {EVENTS + 1} of" in sentence) == ("not_archived", True)
    last = max((tmp_path / "archive").glob("*router*"))
    whole = last.read_bytes()
    last.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    code, sentence = await refusal(kept)
    assert (code, last.name in sentence) == ("archive_faulty", True)
    last.write_bytes(whole)

    await kept.stop_keeping()
    kept.key, key = Ed25519PrivateKey.generate(), kept.key
    kept.keep()
    await kept.until_kept()
    assert (await refusal(kept))[0] == "other_key"
    await kept.stop_keeping()
    kept.key = key
    kept.keep()
    await kept.until_kept()
    assert len(await kept.cut(keep=1)) > 3


async def test_who_has_never_run_needs_no_snapshot(kept: Kept):
    await kept.archive()
    await kept.snapshot("registry", "router")
    said = [step.said for step in await kept.cut()]
    assert "optimizer has never run: its first start reads the archive" in said
    assert await first(kept) == EVENTS - 4


async def test_nothing_is_cut_that_a_start_or_a_read_model_needs(kept: Kept):
    await kept.archive()
    assert await refusal(kept) == (
        "no_snapshot",
        "router has no snapshot that it could start from; it does not run: start it",
    )
    await kept.snapshot()
    await kept.router.write(*life("later", "a1"))
    await kept.archive()
    assert "the newest snapshot of router is at event 48" in (await refusal(kept, keep=1))[1]
    await kept.snapshot("router")
    assert "the newest snapshot of health has not seen event 50 of" in (await refusal(kept, keep=1))[1]
    await kept.snapshot()
    await kept.stop()
    assert (await refusal(kept))[0] == "read_model_behind"
    await kept.start()
    await kept.cut(keep=1)
    assert await first(kept) == EVENTS + 4


async def test_a_reader_under_whom_others_cut_goes_on_in_the_archive(kept: Kept, monkeypatch: pytest.MonkeyPatch):
    started = f"{kept.subjects.prefix}.evt.router.*.*.task_started"
    before = await kept.events("router", started)
    monkeypatch.setattr(pull, "WINDOW", 4)
    async with asyncio.timeout(60), aclosing(LogReader(kept.nc, kept.subjects, "router", started).follow()) as batches:
        found = list(await anext(batches))
        assert len(found) < LIVES - 4
        await kept.archive()
        await kept.snapshot()
        await kept.cut(keep=1)
        async for batch in batches:
            found += batch
            if len(found) >= LIVES:
                break
    assert told(found) == told(before)


async def test_whatever_is_broken_off_between_two_steps_leaves_all_there(kept: Kept):
    before = {service: told(await kept.events(service)) for service in ("router", "registry")}
    await kept.archive()
    await kept.snapshot()
    steps = 0
    while True:
        cutting = Cutter(kept.nc, kept.subjects, kept.place, kept.settings).run(Wish(1))
        done = 0
        async for _ in cutting:
            done += 1
            if done > steps:
                break
        for service, events in before.items():
            assert told(await kept.events(service)) == events  # type: ignore[arg-type]
        if done <= steps:
            break
        steps = done
    assert steps >= 10
    assert (await first(kept), await first(kept, "registry")) == (EVENTS, AGENTS)
    assert (await verified(kept)).fault is None


KILLED = """
import os, signal, sys
from podium.keeper import cutting
from podium.keeper.cutting import Cutter
from podium.keeper.main import main

run = Cutter.run

async def run_until_cut(self, wish):
    async for step in run(self, wish):
        yield step
        if "were cut" in step.said:
            os.kill(os.getpid(), signal.SIGKILL)

Cutter.run = run_until_cut
cutting.OLD_SECONDS = 0.0
main(["archive", "cut", sys.argv[1], "--keep", "1"])
"""


async def test_who_is_killed_in_the_middle_is_followed_by_another(kept: Kept, tmp_path: Path):
    before = told(await kept.events("router"))
    with pytest.MonkeyPatch.context() as broken_off:
        broken_off.setattr(archiving, "write_manifest", None)
        with pytest.raises(TypeError):
            await kept.archive()
    assert list((tmp_path / "archive").glob("*.zst"))
    await kept.archive()  # over the files of the one that was broken off
    await kept.snapshot()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, str(tmp_path / "archive")),
        env={**os.environ, "PODIUM_NATS": kept.nats_url, "PODIUM_PREFIX": kept.subjects.prefix},
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == -signal.SIGKILL
    assert (await first(kept), await first(kept, "registry")) == (1, AGENTS)  # one of two streams is cut
    assert told(await kept.events("router")) == before
    await kept.cut(keep=1)
    assert (await first(kept), await first(kept, "registry")) == (EVENTS, AGENTS)
    assert told(await kept.events("router")) == before
    assert (await verified(kept)).fault is None
