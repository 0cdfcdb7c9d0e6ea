"""`make demo` on a small tree: its numbers, its kill, its end, and what else may be killed meanwhile."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import sysconfig
import time
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from examples.stdlib.agents import roster
from examples.stdlib.analysis import SKILLS
from examples.stdlib.demo import read_arguments
from examples.stdlib.modules import Module, find_modules
from examples.stdlib.report import Report
from examples.stdlib.survey import Survey, survey

ROOT = Path(__file__).parents[2]
PACKAGES = ("asyncio", "email", "json")
END_SECONDS = 60.0

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some real packages, and a file that is no Python."""
    root = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(Path(sysconfig.get_path("stdlib"), package), root / package)
    (root / "broken.py").write_text("def f(:\n")
    return root


class Demo:
    """A run of the demo in a process of its own. All of its processes carry a mark in their environment."""

    def __init__(self, process: asyncio.subprocess.Process, mark: str) -> None:
        self.process = process
        self._mark = mark.encode()

    async def until_said(self, text: str) -> None:
        """Read the progress until a line has this in it."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            if text in line.decode():
                return
        raise AssertionError(f"the demo has ended and did not say {text!r}")

    async def report(self) -> Report:
        """The report, when the demo has ended well."""
        out, err = await self.process.communicate()
        assert self.process.returncode == 0, err.decode()
        return msgspec.json.decode(out, type=Report)

    def running(self) -> dict[int, str]:
        """Every process that the demo or any of its children started and that lives: pid → command line."""
        found: dict[int, str] = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark in (place / "environ").read_bytes():
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it has ended meanwhile, or is not ours
        return found

    def kill(self, part: str) -> None:
        [pid] = [pid for pid, command in self.running().items() if part in command]
        os.kill(pid, signal.SIGKILL)

    async def until_nothing_runs(self) -> None:
        deadline = time.monotonic() + END_SECONDS
        while running := self.running():
            assert time.monotonic() < deadline, running
            await asyncio.sleep(0.05)


@asynccontextmanager
async def demo(*arguments: str) -> AsyncGenerator[Demo]:
    mark = f"DEMO_TEST={uuid4().hex}"
    name, value = mark.split("=")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "examples.stdlib.demo", *arguments),
        cwd=ROOT,
        env={**os.environ, name: value},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    run = Demo(process, mark)
    try:
        yield run
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()
        await run.until_nothing_runs()


def computed_here(modules: list[Module]) -> Survey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return survey(
            modules,
            [
                analyse(module.name, Path(module.path).read_bytes(), module.is_package)
                for analyse in SKILLS.values()
                for module in modules
            ],
        )


def without_times(found: Survey) -> Survey:
    return msgspec.structs.replace(found, slowest=[])


def check(report: Report, modules: list[Module]) -> None:
    """Everything was done exactly once, it is right, and the kill cost something that others made good."""
    count = len(modules) * len(SKILLS)
    tally = report.tally
    assert report.complete
    assert (tally.submitted, tally.completed, tally.results, tally.agreed) == (count,) * 4
    assert (tally.failed, tally.twice) == (0, 0)
    assert tally.attempts == count + tally.extra
    assert without_times(report.survey) == without_times(computed_here(modules))
    assert len(report.survey.slowest) == min(10, len(modules))
    assert [broken.module for broken in report.survey.unreadable] == ["broken"]
    assert sum(share.tasks for share in report.agents) == count
    assert {share.agent: share.skills for share in report.agents} == {
        name: dict(role.levels) for name, role in roster(len(report.agents)).items()
    }
    assert all(set(share.by_skill) <= set(share.skills) for share in report.agents)
    kill = report.kill
    assert kill is not None
    assert [share.agent for share in report.agents if share.killed] == [kill.agent]
    assert kill.lost
    assert kill.finished >= count // 2
    assert tally.extra >= len(kill.lost)
    for lost in kill.lost:
        assert lost.to not in (None, kill.agent)
        assert lost.reassigned is not None
        assert lost.done is not None
        assert 0 < lost.noticed <= lost.reassigned <= lost.done


async def test_a_tree_is_analysed_exactly_once_although_an_agent_is_killed(tree: Path, tmp_path: Path):
    async with demo("--dir", str(tree), "--data", str(tmp_path / "data"), "--json", "--seed", "1") as run:
        report = await run.report()
        assert run.running() == {}
    check(report, find_modules(tree))
    assert report.restarts == []
    assert report.kill is not None
    assert {lost.code for lost in report.kill.lost} == {"agent_lost"}


async def test_the_router_and_the_server_may_be_killed_meanwhile(tree: Path, tmp_path: Path):
    async with demo("--dir", str(tree), "--data", str(tmp_path / "data"), "--json", "--seed", "2") as run:
        await run.until_said("analysing")
        run.kill("podium router")
        await run.until_said("router ended (SIGKILL)")
        run.kill("nats-server")
        report = await run.report()
        assert run.running() == {}
    check(report, find_modules(tree))
    assert any("router ended (SIGKILL)" in restart for restart in report.restarts)
    assert any("NATS server ended (SIGKILL)" in restart for restart in report.restarts)


@pytest.mark.parametrize("moment", ["starting podium", "starting the agents", "analysing"])
async def test_an_interrupted_demo_leaves_nothing_running(moment: str, tree: Path, tmp_path: Path):
    async with demo("--dir", str(tree), "--data", str(tmp_path / "data"), "--json", "--no-kill") as run:
        await run.until_said(moment)
        run.process.send_signal(signal.SIGINT)
        await run.process.communicate()
        assert run.process.returncode == 130
        assert run.running() == {}


async def test_a_killed_demo_leaves_nothing_running(tree: Path, tmp_path: Path):
    async with demo("--dir", str(tree), "--data", str(tmp_path / "data"), "--json", "--no-kill") as run:
        await run.until_said("analysing")
        run.process.kill()
        await run.until_nothing_runs()


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--dir", "/none/such"], "is not a directory"),
        (["--dir", "."], "there is no Python module below"),
        (["--agents", "0"], "not between 1 and 64"),
        (["--agents", "1"], "nobody could take over"),
        (["--agents", "many"], "invalid int"),
    ],
)
def test_wrong_arguments_are_told(
    arguments: list[str],
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        read_arguments(arguments)
    assert ended.value.code == 2
    assert fault in capsys.readouterr().err
