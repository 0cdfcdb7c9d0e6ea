"""The power fails under load. With podium's settings nothing is lost; with the server's own, much is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import fuse
from tests.chaos.disk import Disk
from tests.chaos.heard import Heards
from tests.chaos.load import Load
from tests.chaos.system import System
from tests.chaos.verdict import audit, chain_faults, until_done

pytestmark = pytest.mark.skipif(fuse.can_mount() is not None, reason=fuse.can_mount() or "")

PATIENCE = 90.0

RUNS = 10
"""Of a workflow, open at any time."""

ACCEPTED = 100
"""Commands that were accepted before the power fails."""


async def until_accepted(heards: Heards, number: int) -> None:
    async with asyncio.timeout(120):
        while heards.counts["accepted"] < number:
            await asyncio.sleep(0.05)


@pytest.fixture
def heards(tmp_path: Path) -> Iterator[Heards]:
    with Heards(tmp_path / "heard.jsonl") as heards:
        yield heards


@pytest.mark.timeout(900)
async def test_nothing_that_was_accepted_is_lost(tmp_path: Path, heards: Heards):
    async with Disk(tmp_path / "platters", tmp_path / "nats-0") as disk, System(tmp_path, nodes=1) as system:
        load = Load(system, heards, seed=1, runs=RUNS)
        await load.start()
        await until_accepted(heards, ACCEPTED)
        await system.lose_power(disk)
        for process in system.processes.values():
            process.start()
        await until_accepted(heards, 2 * ACCEPTED)
        await load.stop()
        await until_done(load, PATIENCE)
        await load.close()
        await system.stop_all_but("projections", "keeper")
        environment = {**os.environ, **system.environment}
        assert await chain_faults(environment) == []
        report = await audit(environment, heards.path)
    assert report.findings == []
    assert report.commands["accepted"] > ACCEPTED


@pytest.mark.timeout(900)
async def test_it_would_be_with_the_servers_own_settings(tmp_path: Path, heards: Heards):
    """So that the other test is known to bite."""
    lossy = System(tmp_path, nodes=1, sync_always=False)
    async with Disk(tmp_path / "platters", tmp_path / "nats-0") as disk, lossy as system:
        load = Load(system, heards, seed=1, runs=RUNS)
        await load.start()
        await until_accepted(heards, ACCEPTED)
        await system.lose_power(disk)
        await load.abandon()
        await load.close()
        found = await system.api("STREAM.NAMES")
        assert found is not None
        if system.subjects.event_stream("router") in (found.get("streams") or []):  # else all of it is gone
            report = await audit({**os.environ, **system.environment}, heards.path, "log")
            assert any("was accepted, and the log has no event of it" in f.message for f in report.findings)
