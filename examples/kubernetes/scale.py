"""Scales a Kubernetes deployment as a pool of podium says.

    python -m examples.kubernetes.scale parsers deployment/parsers --namespace agents

It follows the pool's `pool_resized` events from their beginning and calls `kubectl scale` whenever the newest one
says something else than what was set last. Each pod runs one agent (see deployment.yaml): a pod that is told to go
gets SIGTERM, takes nothing new and finishes what it has, for as long as `terminationGracePeriodSeconds` allows.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from podium.client import Client, PodiumError
from podium.contracts.pools import PoolDefined, PoolRemoved, PoolResized

AGAIN_SECONDS = 5.0
_log = logging.getLogger("scale")


class Scaler:
    """Keeps a deployment at the size that was said last.

    Args:
        command: what sets a size, but for `--replicas`; what fails is tried again.
    """

    def __init__(self, command: list[str], again: float = AGAIN_SECONDS) -> None:
        self._command = command
        self._again = again
        self._wanted: int | None = None
        self._news = asyncio.Event()

    def want(self, size: int) -> None:
        self._wanted = size
        self._news.set()

    async def run(self) -> None:
        done: int | None = None
        while True:
            if self._wanted == done:
                await self._news.wait()
            self._news.clear()
            wanted = self._wanted
            if wanted is None or wanted == done:
                continue
            if await self._set(wanted):
                done = wanted
            else:
                await asyncio.sleep(self._again)

    async def _set(self, size: int) -> bool:
        process = await asyncio.create_subprocess_exec(
            *self._command, f"--replicas={size}", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        try:
            said, _ = await process.communicate()
        finally:
            if process.returncode is None:  # nobody waits for it any more
                process.kill()
                await process.wait()
        level = logging.INFO if process.returncode == 0 else logging.WARNING
        _log.log(level, "%d replicas: %s", size, said.decode(errors="replace").strip())
        return process.returncode == 0


async def follow(client: Client, pool: str, scaler: Scaler) -> None:
    """Tell the scaler the pool's size: first the present one, then each that follows."""
    types = (PoolDefined, PoolResized, PoolRemoved)
    end = [event async for event in client.events(service="health", entity=pool, types=types, after=0, follow=False)]
    sizes = [_size(event.data) for event in end]
    if present := [size for size in sizes if size is not None]:
        scaler.want(present[-1])
    last = end[-1].sequence if end else 0
    async for event in client.events(service="health", entity=pool, types=types, after=last):
        size = _size(event.data)
        if size is not None:
            scaler.want(size)


def _size(event: object) -> int | None:
    match event:
        case PoolResized():
            return event.size
        case PoolRemoved():
            return 0
        case _:
            return None


async def serve(pool: str, command: list[str], url: str | None = None, again: float = AGAIN_SECONDS) -> None:
    """Raises: PodiumError if there is no podium."""
    scaler = Scaler(command, again)
    async with Client(url, "scaler") as client, asyncio.TaskGroup() as group:
        group.create_task(scaler.run())
        group.create_task(follow(client, pool, scaler))


def main() -> int:
    """1 if there is no podium."""
    parser = argparse.ArgumentParser(prog="scale", description="Scale a deployment as a pool says.")
    parser.add_argument("pool")
    parser.add_argument("deployment", help="such as deployment/parsers")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--kubectl", default="kubectl", help="the executable [kubectl]")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    command = [given.kubectl, "scale", given.deployment, f"--namespace={given.namespace}"]
    faults: list[BaseException] = []
    try:
        asyncio.run(serve(given.pool, command))
    except* PodiumError as errors:
        faults += errors.exceptions
    except* KeyboardInterrupt:
        pass
    for fault in faults:
        print(f"scale: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
