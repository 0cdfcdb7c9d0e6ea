"""Workflows: how near to the shortest possible they are run, what a step costs, and how long it is to the next one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from podium.client import Agent, Client, Task, workflows
from podium.client.cli.workflow import content_of
from podium.contracts.definitions import Definition, read_value
from podium.contracts.definitions.graph import dependencies_of, levels
from podium.contracts.definitions.wfformat import from_recording
from podium.contracts.workflow_queries import ListWorkflows
from podium.router.workflows.simulate import read_file
from podium.router.workflows.simulation import Report, Simulation
from podium.runtime.wire import listen
from tests.agent_process import AgentProcess

from .latency import milliseconds
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import System

RECORDINGS: Final = Path(__file__).parents[2] / "shared/data/workflows"
SLOTS: Final = (4, 16, 64)
NEAR: Final = 1.15
"""Times the bound: so long may a run take."""

FASTER: Final = 1000.0
"""Real seconds go so many times as fast as recorded ones."""

AGENTS: Final = 4
"""Processes that repeat a recording."""

PARALLEL: Final = 10_000
CHAIN: Final = 5_000
RUNS: Final = 1_000
SECONDS: Final = 300.0

Steps = list[dict[str, Any]]


async def run(options: Options) -> list[Figure]:
    figures = [*_recordings(), *_costs(options)]
    async with System(options.directory) as system:
        figures += await _real(system, options)
    return figures


# On the virtual clock


def _recordings() -> list[Figure]:
    """Every recording with so many agents of one slot; none where the recordings are not."""
    files = sorted(RECORDINGS.glob("*.json*"))
    if not files:
        return []
    reports: list[Report] = []
    for file in files:
        reports += [Simulation(read_file(file), slots).run() for slots in SLOTS]
    floors = [report.makespan / report.floor for report in reports if report.floor]
    # Where the bound cannot be reached, the floor says so.
    possible = [report.ratio for report in reports if report.floor <= NEAR * report.bound]
    return [
        Figure("recordings that were completed", "", [float(sum(report.completed for report in reports))]),
        Figure(
            "· violations of order", "", [float(sum(len(report.violations) for report in reports))], Goal("most", 0)
        ),
        Figure("· makespan / bound, the worst that could be 1.15", "", [max(possible)]),
        Figure(f"· at most {NEAR} times the bound", "", [float(sum(report.ratio <= NEAR for report in reports))]),
        Figure("· that cannot be", "", [float(len(reports) - len(possible))]),
        Figure("· makespan / floor, the worst", "", [max(floors)], Goal("most", NEAR)),
        Figure("· makespan / floor, the median", "", [median(floors)]),
    ]


def _costs(options: Options) -> list[Figure]:
    """Processor time and events of a step in small runs and large ones."""
    figures: list[Figure] = []
    for name, make, most in (("parallel steps", parallel, PARALLEL), ("steps in a chain", chain, CHAIN)):
        few: Figure | None = None
        for count in (options.size(most) // 100, options.size(most) // 10, options.size(most)):
            rounds = [_cost(definition("w", make(count)), count) for _ in range(options.rounds)]
            figure = Figure(f"{count:,} {name}, each", "ms", [spent for spent, _ in rounds])
            figures.append(figure if few is None else beside(figure, few))
            few = figure
            figures.append(Figure("· events", "", [events for _, events in rounds]))
    return figures


def _cost(definition: Definition, count: int) -> tuple[float, float]:
    simulation = Simulation(definition, 64)
    began = time.process_time()
    report = simulation.run()
    spent = time.process_time() - began
    assert report.completed, report.failure
    return spent / count * 1e3, report.events / count


def definition(id: str, steps: Steps) -> Definition:
    return read_value({"id": id, "tasks": steps, "output": 1, "limits": {"max_tasks": 100_000}})


def parallel(count: int) -> Steps:
    return [{"id": f"s{number}", "skills": ["bench"]} for number in range(count)]


def chain(count: int) -> Steps:
    return [
        {"id": f"s{number}", "skills": ["bench"], "dependencies": [f"s{number - 1}"] if number else []}
        for number in range(count)
    ]


# In real time


class Worker:
    """An agent that does nothing for as long as it is told.

    Attributes:
        gaps: seconds from the end of a task to the beginning of the next one.
        heard: seconds from the end of a task until the next assignment has come.
    """

    def __init__(self, slots: int) -> None:
        self.agent = Agent("bench", slots=slots, heartbeat=1.0)
        self.gaps: list[float] = []
        self.heard: list[float] = []
        self._ended: float | None = None
        self.agent.skill("bench")(self._work)

    async def _work(self, task: Task) -> object:
        now = time.perf_counter()
        if self._ended is not None:
            self.gaps.append(now - self._ended)
        if task.input:
            await asyncio.sleep(task.input)
        self._ended = time.perf_counter()
        return None

    def hear(self, subject: str, _reply: str, _payload: bytes, _headers: bytes) -> None:
        """Something was published for the agent."""
        if self._ended is not None and subject.split(".")[3] == "task_assigned":
            self.heard.append(time.perf_counter() - self._ended)

    def begin(self) -> None:
        """What was measured so far does not count."""
        self.gaps.clear()
        self.heard.clear()


@asynccontextmanager
async def at_work(worker: Worker, url: str) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    serving = asyncio.create_task(worker.agent.serve(url, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await serving


async def _real(system: System, options: Options) -> list[Figure]:
    figures: list[Figure] = []
    worker = Worker(slots=64)
    await listen(system.client, system.subjects.work("bench"), worker.hear)
    async with Client(system.url, "bench", timeout=SECONDS) as client, at_work(worker, system.url):
        await _whole(client, definition("warm", chain(50)))
        figures += await _repeated(system, client, options)
        count = options.size(CHAIN)
        worker.begin()
        seconds = [await _whole(client, definition("chain", chain(count)))]
        gaps, heard = sorted(worker.gaps), sorted(worker.heard)
        goal = Goal("most", 10.0)
        figures += [
            Figure(f"a chain of {count:,} steps", "s", seconds),
            Figure("· from a step's end to the next one's beginning, p50", "ms", [milliseconds(gaps, 0.5)], goal),
            Figure("· p99", "ms", [milliseconds(gaps, 0.99)]),
            Figure(
                "· from a step's end until the next one's assignment has come, p50", "ms", [milliseconds(heard, 0.5)]
            ),
            Figure("· p99", "ms", [milliseconds(heard, 0.99)]),
        ]
        tenth = len(worker.gaps) // 10
        first, last = sorted(worker.gaps[:tenth]), sorted(worker.gaps[-tenth:])
        growth = milliseconds(last, 0.5) / milliseconds(first, 0.5)
        figures.append(Figure("· the last tenth beside the first, p50", "", [growth]))
        count = options.size(PARALLEL)
        seconds = [await _whole(client, definition("parallel", parallel(count)))]
        figures.append(Figure(f"a run of {count:,} parallel steps", "steps/s", [count / second for second in seconds]))
        count = options.size(RUNS)
        await workflows.define(client, definition("many", chain(3)))
        began = time.perf_counter()
        runs = [f"many-{number}" for number in range(count)]
        await asyncio.gather(*(workflows.start(client, "many", run_id=run) for run in runs))
        await _all_over(client, count)
        figures.append(Figure(f"{count:,} runs of 3 steps at once", "runs/s", [count / (time.perf_counter() - began)]))
    return figures


async def _whole(client: Client, definition: Definition) -> float:
    """Seconds from the start of a run to its output."""
    await workflows.define(client, definition)
    began = time.perf_counter()
    run = await workflows.start(client, definition.id)
    async with asyncio.timeout(SECONDS):
        await workflows.result(client, run)
    return time.perf_counter() - began


async def _all_over(client: Client, count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            rows = (await client.query(ListWorkflows(fresh=True, wait=30))).workflows
            if any(row.workflow == "many" and row.completed == count for row in rows):
                return
            await asyncio.sleep(0.05)


async def _repeated(system: System, client: Client, options: Options) -> list[Figure]:
    """The smallest recording a thousand times as fast, by agents in processes of their own."""
    files = sorted(RECORDINGS.glob("*.json*"), key=lambda file: len(read_file(file).tasks))
    if not files:
        return []
    value = msgspec.json.decode(content_of(files[0]))
    recorded = read_value(from_recording(value, "recorded", skill="slow", faster=FASTER))
    ideal = Simulation(recorded, AGENTS).run().makespan
    environment = {**os.environ, "PODIUM_NATS": system.url}
    logs = options.directory
    agents = [
        AgentProcess("tests.client.echo_agent", "--name", name, environment=environment, log=logs / f"{name}.log")
        for name in (f"sleeper-{number}" for number in range(AGENTS))
    ]
    try:
        for agent in agents:
            await agent.start()
        await _whole(client, recorded)  # until all are there
        seconds = [await _whole(client, recorded) for _ in range(options.rounds)]
    finally:
        for agent in agents:
            await agent.kill()
    steps = len(recorded.tasks)
    depth = max(levels(dependencies_of(recorded.tasks)).values()) + 1
    title = f"a recording of {steps} steps at 1:{FASTER:g}, {AGENTS} agent processes, beside the virtual clock"
    return [
        Figure(title, "", [second / ideal for second in seconds]),
        Figure("· more for each step of its longest way", "ms", [(s - ideal) / depth * 1e3 for s in seconds]),
    ]


MEASUREMENT = Measurement(
    title="Workflows",
    setting=(
        "Recordings of WfCommons with 4, 16 and 64 agents by the real rules on a virtual clock; the bound is the "
        "critical path or all work shared evenly, the floor what no schedule can be below. What a step costs the "
        "rules, in processor time. Then in real time, with everything of podium; a recording by agents in processes of "
        "their own, the rest by one agent of 64 slots in the measuring process; fsync before every acknowledgement."
    ),
    run=run,
    limit=600.0,
)
