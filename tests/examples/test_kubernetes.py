"""The example that scales a deployment: a pool's sizes, and an executable in the place of kubectl."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from examples.kubernetes.scale import Scaler

FAKE = """\
import json, pathlib, sys
log = pathlib.Path({log!r})
tries = log.read_text().splitlines() if log.exists() else []
log.write_text("\\n".join([*tries, json.dumps(sys.argv[1:])]) + "\\n")
sys.exit(1 if len(tries) < {failures} else 0)
"""


class Kubectl:
    """An executable that writes down its arguments, and fails so many times first."""

    def __init__(self, directory: Path, failures: int = 0) -> None:
        self._log = directory / "calls"
        self._script = directory / "kubectl.py"
        self._script.write_text(FAKE.format(log=str(self._log), failures=failures))

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(self._script), "scale", "deployment/parsers", "--namespace=agents"]

    async def called(self, number: int) -> list[str]:
        """The last arguments of the first so many calls."""
        async with asyncio.timeout(60):
            while True:
                calls = self._log.read_text().splitlines() if self._log.exists() else []
                if len(calls) >= number:
                    assert all('["scale", "deployment/parsers", "--namespace=agents", ' in call for call in calls)
                    return [call.split('"')[-2] for call in calls]
                await asyncio.sleep(0.02)


async def test_each_size_is_set_once(tmp_path: Path):
    kubectl = Kubectl(tmp_path)
    scaler = Scaler(kubectl.command, again=0.01)
    running = asyncio.create_task(scaler.run())
    scaler.want(3)
    assert await kubectl.called(1) == ["--replicas=3"]
    scaler.want(3)
    scaler.want(0)
    assert await kubectl.called(2) == ["--replicas=3", "--replicas=0"]
    running.cancel()
    await asyncio.wait([running])


async def test_what_fails_is_tried_again(tmp_path: Path):
    kubectl = Kubectl(tmp_path, failures=2)
    scaler = Scaler(kubectl.command, again=0.01)
    running = asyncio.create_task(scaler.run())
    scaler.want(5)
    assert await kubectl.called(3) == ["--replicas=5"] * 3
    running.cancel()
    await asyncio.wait([running])
