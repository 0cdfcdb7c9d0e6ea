"""podium and its peers: the same work and the same load for each, one after the other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from benchmarks.ceiling import ceiling
from benchmarks.machine import look
from benchmarks.options import Measurement, Options
from benchmarks.result import Figure, Goal
from benchmarks.system import EVERYTHING

from . import environment
from .application import running
from .candidate import Candidate, OtherCandidate, PodiumCandidate, podium_running
from .catalogue import PEERS, WINDOW, Peer
from .environment import NotHad
from .table import LIVES, TOTAL, at, grid, latency

WARM_UP: Final = 1.5
LOW_RATE: Final = 50.0
SHARES: Final = (0.5, 0.8)
QUANTILES: Final = (0.5, 0.99, 0.999)
PODIUM: Final = "podium"
BULK: Final = "podium, bulk of 100"
CORE: Final = "podium, registry and router alone"
CORE_BULK: Final = "podium, registry and router alone, bulk of 100"
CEILING: Final = "nats-py alone"

ALONE: Final = ("registry", "router")
"""What does what a peer does: it takes tasks, hands them out, and knows what became of them."""


async def run(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    for system, processes, bulk in (
        (PODIUM, EVERYTHING, False),
        (BULK, EVERYTHING, True),
        (CORE, ALONE, False),
        (CORE_BULK, ALONE, True),
    ):
        _say(system)
        async with podium_running(_directory(options, system), processes, bulk=bulk) as candidate:
            figures += await _row(candidate, system, options, open_loop=not bulk)
            if system == PODIUM:
                figures.append(await _ceiling(candidate, options))
        options.notes[system] = "fsync before every acknowledgement (sync_interval always)"
    options.notes[CEILING] = "the same events in atomic batches of 1,000, fsync; no routing, no agents, nobody answered"
    try:
        python = await environment.python()
        versions = await environment.versions(python)
    except NotHad as reason:
        options.notes["peers"] = f"not run: {reason}"
        return figures
    for peer in PEERS:
        figures += await _peer(peer, python, versions, options)
    return [*figures, *_beside(figures)]


async def _peer(peer: Peer, python: Path, versions: dict[str, str], options: Options) -> list[Figure]:
    """Its rows; one that cannot be had says why."""
    figures: list[Figure] = []
    packages = ", ".join(f"{package} {versions.get(package, '?')}" for package in peer.packages)
    for durable, setting in ((True, peer.durable), (False, peer.default)):
        if setting is None or (options.quick and not durable):
            continue
        system = peer.name if durable else f"{peer.name}, default"
        _say(system)
        try:
            async with running(peer, python, _directory(options, system), durable=durable) as application:
                figures += await _row(
                    OtherCandidate(application), system, options, open_loop=durable, window=peer.window
                )
                server = f"{application.server.name} {application.server.version}"
            options.notes[system] = "; ".join(filter(None, (f"{packages}, {server}", setting, peer.remark)))
        except (NotHad, TimeoutError, OSError) as reason:
            options.notes[system] = f"not run: {str(reason) or type(reason).__name__}"
    return figures


async def _row(
    candidate: Candidate, system: str, options: Options, *, open_loop: bool, window: int = WINDOW
) -> list[Figure]:
    """All figures of one system; the latencies at shares of its own median maximum."""
    closed, low, high = (1.0, 1.0, 1.0) if options.quick else (2.0, 3.0, 1.5)
    pace = look().pace
    await candidate.open(window)
    await candidate.measure(WARM_UP)
    rates: list[float] = []
    costs: list[dict[str, float]] = []
    for _ in range(options.rounds):
        lives, usage = await candidate.measure(closed)
        if not lives:
            raise NotHad(f"no task was done within {closed:g} s")
        rates.append(lives / usage.seconds)
        costs.append({name: used / lives * 1e6 for name, used in usage.processor.items()})
    await candidate.drain()
    figures = [
        Figure(LIVES, "/s", rates, system=system),
        Figure(TOTAL, "µs of processor a life", [sum(cost.values()) for cost in costs], system=system),
        *(Figure(f"· {name}", "µs of processor a life", [c[name] for c in costs], system=system) for name in costs[0]),
        Figure("the machine's pace", "ms", [pace], system=system),
    ]
    if not open_loop:
        return figures
    most = figures[0].median
    await candidate.rate(LOW_RATE, 1.0)
    shares = SHARES[-1:] if options.quick else SHARES
    for place, rate, seconds in (
        ("50/s", LOW_RATE, low),
        *((f"{share:.0%}", share * most, high) for share in shares),
    ):
        rounds = [await candidate.rate(rate, seconds) for _ in range(options.rounds)]
        figures.append(Figure(at(place), "/s", [rate], system=system))
        figures += [
            Figure(latency(quantile, place), "ms", [r.milliseconds(quantile) for r in rounds], system=system)
            for quantile in QUANTILES
        ]
        if lost := sum(r.lost for r in rounds):
            figures.append(Figure(f"lost at {place}", "tasks", [lost], system=system))
    return figures


async def _ceiling(candidate: PodiumCandidate, options: Options) -> Figure:
    figure = await ceiling(candidate.system, options)
    return Figure(LIVES, "/s", figure.values, system=CEILING)


def _beside(figures: list[Figure]) -> list[Figure]:
    """podium's lives beside the ceiling's and the best durable peer's."""
    lives = {figure.system: figure for figure in figures if figure.name == LIVES}
    names = [peer.name for peer in PEERS if peer.name in lives]
    found: list[Figure] = []
    for system, goal in (
        (PODIUM, Goal("least", 6_000.0)),
        (BULK, Goal("least", 15_000.0)),
        (CORE, None),
        (CORE_BULK, None),
    ):
        rates = lives[system].values
        top = lives[CEILING].median
        found += [
            Figure(f"{system}: lives", "/s", rates, goal),
            Figure(f"{system} beside nats-py alone", "×", [rate / top for rate in rates], Goal("least", 0.3)),
        ]
        if names:
            best = max(names, key=lambda name: lives[name].median)
            times = [rate / lives[best].median for rate in rates]
            found.append(Figure(f"{system} beside the best durable peer, {best}", "×", times, Goal("least", 2.0)))
    return found


def _directory(options: Options, system: str) -> Path:
    directory = options.directory / system.replace(" ", "-").replace(",", "")
    directory.mkdir()
    return directory


def _say(system: str) -> None:
    print(f"  {system} …", file=sys.stderr, flush=True)


MEASUREMENT = Measurement(
    title="podium and its peers",
    setting=(
        f"A life: submit a task with 100 bytes of JSON, run a trivial one, know its result. Closed loop: {WINDOW:,} "
        f"open. Open loop: at {LOW_RATE:g} a second and at {SHARES[0]:.0%} and {SHARES[1]:.0%} of what the same system "
        "did in the closed loop; from when each was due until its submitter knows the result. Server, workers and "
        "submitter on one machine. podium chooses among 1,000 agents and stores four events a life; the peers have a "
        "queue. A p99.9 of fewer than 1,000 tasks is their greatest."
    ),
    run=run,
    limit=1_500.0,
    grid=grid,
)
