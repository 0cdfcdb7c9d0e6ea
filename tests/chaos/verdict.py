"""Whether everything came to its end, and what the audit says of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from podium.audit.report import Report
from podium.client import Client, PodiumError
from podium.contracts.health_queries import ListRecoveries
from podium.contracts.queries import ListTasks, OverviewAnswer, SystemOverview
from podium.keeper.verify import Verdict
from tests.chaos.load import OPEN_PHASES, Load

STUCK_SECONDS = 10.0
"""After the last fault nothing may stand still for longer."""

LOOK_SECONDS = 0.2


class Stuck(Exception):
    """Something was still to be done, and for too long nothing happened; the message says what is left."""


async def until_done(load: Load, patience: float = STUCK_SECONDS) -> float:
    """Wait until no task, run, session or recovery is open; the longest time, in seconds, in which nothing happened.

    Args:
        patience: seconds in which something must happen; more than usual where a machine may have other things to do.

    Raises:
        Stuck
    """
    moved, longest, seen = time.monotonic(), 0.0, set[str]()
    while True:
        try:
            overview: OverviewAnswer = await load.clients[0].query(SystemOverview(fresh=True, wait=2))
            runs = await load.flows.left(load.clients[0])
            talks = await load.talks.left(load.clients[0])
            left = {phase: overview.tasks.get(phase, 0) for phase in OPEN_PHASES if overview.tasks.get(phase, 0)}
            open_ = (await load.clients[0].query(ListRecoveries(open=True, limit=5, fresh=True, wait=2))).recoveries
            recoveries = [recovery.recovery_id for recovery in open_]
            if not left and not runs and not talks and not recoveries:
                return max(longest, time.monotonic() - moved)
            why = f"left: tasks {left}, runs {runs}, sessions {talks}, recoveries {recoveries} at {overview.positions}"
            if "paused" in left:
                await load.cancel_paused()
        except PodiumError as error:
            why = str(error)  # which says how far it is
        if why not in seen:
            longest = max(longest, time.monotonic() - moved)
            moved = time.monotonic()
            seen.add(why)
        if time.monotonic() - moved > patience:
            raise Stuck(f"{why}; {await _some(load.clients[0])}")
        await asyncio.sleep(LOOK_SECONDS)


async def audit(environment: Mapping[str, str], commands: Path, *parts: str) -> Report:
    """What the program itself says, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.audit.main", *parts, "--json", "--commands", str(commands)),
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    assert process.returncode in (0, 1), complaints.decode()
    report = msgspec.json.decode(said, type=Report)
    assert report.clean == (process.returncode == 0)
    return report


async def chain_faults(environment: Mapping[str, str]) -> list[str]:
    """What the keeper's program finds in the chains of the streams, from their first event to a signature of now."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.keeper.main", "verify", "--json"),
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    if process.returncode not in (0, 1):
        return [f"the chains cannot be verified: {complaints.decode()}"]
    fault = msgspec.json.decode(said, type=Verdict).fault
    return [] if fault is None else [f"the chain of {fault.stream} is broken at {fault.sequence}: {fault.message}"]


async def _some(client: Client) -> str:
    try:
        tasks = (await client.query(ListTasks(phase=list(OPEN_PHASES), limit=5))).tasks
    except PodiumError as error:
        return str(error)
    return ", ".join(f"{task.task_id} is {task.phase}" for task in tasks)
