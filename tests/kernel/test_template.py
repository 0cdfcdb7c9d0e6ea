"""Processes as copies of one: they run on their own, their end is told, and none outlives the template."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from podium.kernel.template import Template

MODULE = ("-m", "tests.kernel.copied")


@pytest_asyncio.fixture
async def template() -> AsyncIterator[Template]:
    made = Template({**os.environ, "TOLD": "yes"})
    yield made
    await made.stop()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)


async def said(path: Path) -> Any:
    await until(path.exists)
    return await asyncio.to_thread(lambda: json.loads(path.read_text()))


async def test_a_copy_is_a_process_of_its_own_that_has_everything_loaded(template: Template, tmp_path: Path) -> None:
    copy = await template.copy("podium copy", [*MODULE, str(tmp_path / "said")])
    assert await said(tmp_path / "said") == {
        "pid": copy.pid,
        "session": copy.pid,
        "loaded": True,
        "variable": "yes",
    }
    assert copy.returncode is None
    assert process_file(copy.pid, "cmdline").startswith("podium copy")
    assert "TOLD=yes" in process_file(copy.pid, "environ")


@pytest.mark.parametrize("code", [0, 2])
async def test_its_exit_code_is_told(template: Template, tmp_path: Path, code: int) -> None:
    copy = await template.copy("podium copy", [*MODULE, str(tmp_path / "said"), str(code)])
    assert await copy.wait() == code
    assert copy.returncode == code


async def test_the_signal_that_ended_it_is_told_and_the_others_go_on(template: Template, tmp_path: Path) -> None:
    one, other = await asyncio.gather(
        *(template.copy(f"podium {n}", [*MODULE, str(tmp_path / f"said-{n}")]) for n in range(2))
    )
    await said(tmp_path / "said-0")
    one.send_signal(signal.SIGKILL)
    assert await one.wait() == -signal.SIGKILL
    assert (await said(tmp_path / "said-1"))["pid"] == other.pid
    assert other.returncode is None


async def test_a_template_that_dies_takes_its_copies_with_it_and_there_is_a_new_one(
    template: Template, tmp_path: Path
) -> None:
    copy = await template.copy("podium first", [*MODULE, str(tmp_path / "first")])
    await said(tmp_path / "first")
    os.kill(parent_of(copy.pid), signal.SIGKILL)
    assert await copy.wait() < 0
    await until(lambda: not alive(copy.pid))
    again = await template.copy("podium again", [*MODULE, str(tmp_path / "again")])
    assert (await said(tmp_path / "again"))["pid"] == again.pid


def process_file(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def parent_of(pid: int) -> int:
    return int(process_file(pid, "stat").rpartition(")")[2].split()[1])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
