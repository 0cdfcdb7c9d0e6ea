"""One run: load, faults, and the verdict from the logs alone."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from podium.audit.finding import Finding
from tests.chaos import recoveries
from tests.chaos.archived import cut_at_the_end
from tests.chaos.disk import SmallDisk
from tests.chaos.fault import Harm
from tests.chaos.flows import OPEN
from tests.chaos.heard import Heards
from tests.chaos.load import Load, Repeater
from tests.chaos.moments import Moments
from tests.chaos.plan import Plan
from tests.chaos.system import System
from tests.chaos.verdict import STUCK_SECONDS, Stuck, audit, chain_faults, until_done

MEGABYTES = 256
"""Of the first server's disk, and one more for each second: room for what a run stores, and little else."""


class Result(Struct):
    """What came of a run.

    Attributes:
        faults: when, which, and what was done.
        commands: how many were accepted, refused, unknown; and why refused.
        runs: of workflows.
        ballots, letters: how many there were.
        talks: sessions that were completed.
        lost, recoveries: agents that health lost, and what it began to do about that and other failures.
        moments: that were asked again when they were cut from the streams.
        wrong: what is wrong with them, and with the page that all write in, by the log and by the clients' records.
        idle: the longest time after the last fault in which nothing happened, seconds; None if it was too long.
        stuck: what was left, if anything was.
        deaths: of processes and servers.
        states: snapshots that were compared with the log.
    """

    seed: int
    nodes: int
    seconds: float
    faults: list[tuple[float, str, str]]
    commands: dict[str, int]
    tasks: int
    runs: int
    ballots: int
    letters: int
    talks: int
    lost: int
    recoveries: int
    moments: int
    wrong: list[str]
    repeated: int
    deaths: int
    idle: float | None
    stuck: str | None
    events: dict[str, int]
    future: int
    rows: int
    states: list[str]
    findings: list[Finding]

    @property
    def good(self) -> bool:
        """Nothing lost, doubled or stuck, and no rule met a fault of the program."""
        return self.stuck is None and not self.findings and not self.wrong and "refused: internal" not in self.commands


async def run(
    directory: Path,
    seed: int,
    seconds: float,
    nodes: int = 1,
    without: Collection[str] = (),
    patience: float = STUCK_SECONDS,
    runs: int = OPEN,
    least: int = 0,
) -> Result:
    """Returns whatever came of it; what was written stays in the directory.

    Args:
        patience: as in `until_done`.
        runs: as in `Load`.
        least: as in `Plan.run`.
    """
    began = time.monotonic()
    room = SmallDisk(directory / "nats-0", MEGABYTES + int(seconds))
    with Heards(directory / "heard.jsonl") as heards, room:
        async with System(directory, nodes) as system:
            load, repeater, plan = (
                Load(system, heards, seed, runs),
                Repeater(system, seed),
                Plan(Harm(system, seed), seed, without),
            )
            await load.start()
            await repeater.start()
            moments = Moments(load.clients)
            environment = {**os.environ, **system.environment}
            idle: float | None = None
            stuck: str | None = None
            wrong: list[str] = []
            talks, health = 0, recoveries.Told()
            try:
                await plan.run(seconds, least)
                await moments.stop()
                await repeater.stop()
                await load.stop()
                await load.talks.settle(load.clients)
                idle = round(await until_done(load, patience), 1)
                wrong = await load.flows.faults(load.clients[0], patience)
                wrong += await load.pages.faults(load.clients, patience)
                wrong += await load.polls.faults(load.clients)
                wrong += await load.talks.faults(load.clients[0])
                wrong += await load.letters.faults(load.clients, patience)
                talks = await load.talks.completed(load.clients[0])
                health = await recoveries.told(load.clients[0])
                wrong += await recoveries.faults(load.clients[0], health)
                wrong += await cut_at_the_end(environment, directory / "archive")
                wrong += await moments.faults()
            except Stuck as error:
                stuck = str(error)
            finally:
                await moments.stop()
                await load.close()
            await system.stop_all_but("projections", "keeper")
            wrong += await chain_faults(environment)
            report = await audit(environment, heards.path)
            return Result(
                seed=seed,
                nodes=nodes,
                seconds=round(time.monotonic() - began, 1),
                faults=sorted(plan.done),
                commands=dict(sorted(heards.counts.items())),
                tasks=len(load.tasks),
                runs=len(load.flows.runs),
                ballots=len(load.polls.polls),
                letters=sum(len(post.letters) for post in load.letters.posts),
                talks=talks,
                lost=len(health.lost),
                recoveries=len(health.started),
                moments=len(moments.said),
                wrong=wrong,
                repeated=repeater.repeated,
                deaths=system.servers.deaths + sum(process.deaths for process in system.processes.values()),
                idle=idle,
                stuck=stuck,
                events=report.events,
                future=report.future,
                rows=report.rows or 0,
                states=[f"{held.service} at {held.position}" for held in report.states],
                findings=report.findings,
            )
