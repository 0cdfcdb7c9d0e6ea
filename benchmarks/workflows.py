"""Workflows: how near to the shortest possible they are run, what a step costs, and how long it is to the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from podium.client import Agent, Client, Task, workflows
from podium.contracts.definitions import Definition, read_value
from podium.contracts.definitions.wfformat import RUNTIME
from podium.contracts.workflow_queries import ListWorkflows
from podium.router.workflows.simulate import read_file
from podium.router.workflows.simulation import Report, Simulation

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
        for count in (options.size(most) // 10, options.size(most)):
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
    """

    def __init__(self, slots: int) -> None:
        self.agent = Agent("bench", slots=slots, heartbeat=1.0)
        self.gaps: list[float] = []
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
    async with Client(system.url, "bench", timeout=SECONDS) as client, at_work(worker, system.url):
        await _whole(client, definition("warm", chain(50)))
        smallest = _smallest()
        if smallest is not None:
            shortened, ideal = _shortened(smallest)
            seconds = [await _whole(client, shortened) for _ in range(options.rounds)]
            name = f"a recording of {len(smallest.tasks)} steps at 1:{FASTER:g}, beside its critical path"
            figures.append(Figure(name, "", [second / ideal for second in seconds]))
        count = options.size(CHAIN)
        worker.gaps.clear()
        seconds = [await _whole(client, definition("chain", chain(count)))]
        gaps = sorted(worker.gaps)
        goal = Goal("most", 10.0)
        figures += [
            Figure(f"a chain of {count:,} steps", "s", seconds),
            Figure("· from a step's end to the next one's beginning, p50", "ms", [milliseconds(gaps, 0.5)], goal),
            Figure("· p99", "ms", [milliseconds(gaps, 0.99)]),
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


def _smallest() -> Definition | None:
    found: Sequence[Definition] = [read_file(file) for file in sorted(RECORDINGS.glob("*.json*"))]
    return min(found, key=lambda definition: len(definition.tasks), default=None)


def _shortened(recorded: Definition) -> tuple[Definition, float]:
    """The same for an agent that waits a thousandth of the recorded times; and its critical path then, in seconds."""
    steps = [
        {
            "id": step.id,
            "skills": ["bench"],
            "dependencies": step.dependencies,
            "input": float(str(step.metadata.get(RUNTIME, 0.0))) / FASTER,
            "estimated_duration": step.estimated_duration,
        }
        for step in recorded.tasks
    ]
    return definition("recorded", steps), Simulation(recorded, len(steps)).run().critical_path / FASTER


MEASUREMENT = Measurement(
    title="Workflows",
    setting=(
        "Recordings of WfCommons with 4, 16 and 64 agents by the real rules on a virtual clock; the bound is the "
        "critical path or all work shared evenly, the floor what no schedule can be below. What a step costs the "
        "rules, in processor time. Then in real time, with everything of podium and one agent of 64 slots in the "
        "measuring process; fsync before every acknowledgement."
    ),
    run=run,
    limit=600.0,
)
