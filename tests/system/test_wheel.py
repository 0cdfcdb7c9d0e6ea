"""The wheel, installed where nothing else of podium is, with no package but those that `requirements.lock` names."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import venv
import zipfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest

from podium.contracts.subjects import Subjects
from podium.kernel.up import PROCESSES, asked_when_ready
from tests.nats_server import NatsServer

from .one_task import send_one_task, until_it_answers

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, ROOT)
    return next(folder.glob("podium-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the commands of an environment that has the wheel and what it needs, and no more."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    commands = home / "bin"
    pip("--python", commands / "python", "install", "--no-deps", "--no-index", wheel)
    packages = next(home.glob("lib/python*/site-packages"))
    for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE):
        link_installed(name, packages, commands)
    return commands


def pip(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def link_installed(name: str, packages: Path, commands: Path) -> None:
    """Lend a distribution of this environment to another one: no network, no copy."""
    for file in importlib.metadata.files(name) or []:
        inside = file.parts[0] != ".."
        link = packages / file.parts[0] if inside else commands / file.name
        target = (
            Path(str(file.locate())).parents[len(file.parts) - 2] if len(file.parts) > 1 and inside else file.locate()
        )
        if (inside or file.parent.name == "bin") and not link.exists():
            link.symlink_to(Path(str(target)).resolve())


def environment(**settings: str | Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PODIUM", "VIRTUAL_ENV"))
    }
    return kept | {name: str(value) for name, value in settings.items()}


async def output(installed: Path, cwd: Path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        installed / "podium", *arguments, cwd=cwd, env=environment(), stdout=PIPE, stderr=PIPE
    )
    text, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return text.decode()


def test_the_wheel_holds_the_packages_and_nothing_beside_them(wheel: Path):
    files = zipfile.ZipFile(wheel).namelist()
    portions = {path.parent.name for path in ROOT.glob("*/podium/*/__init__.py")}
    assert {file.split("/")[1] for file in files if file.startswith("podium/")} == portions
    assert {file.split("/")[0] for file in files} == {
        "podium",
        next(f for f in files if ".dist-info/" in f).split("/")[0],
    }
    assert "podium/__init__.py" not in files


async def test_podium_itself_comes_from_the_wheel(installed: Path, tmp_path: Path):
    where = "import podium.contracts as c, importlib.util as u; print(c.__file__, u.find_spec('pytest'))"
    done = await asyncio.create_subprocess_exec(
        installed / "python", "-c", where, cwd=tmp_path, env=environment(), stdout=PIPE
    )
    text, _ = await done.communicate()
    file, pytest_found = text.decode().split()
    assert Path(file).is_relative_to(installed.parent)
    assert pytest_found == "None"


async def test_help_is_there(installed: Path, tmp_path: Path):
    assert "serve" in await output(installed, tmp_path, "--help")


@pytest.mark.parametrize("service", PROCESSES)
async def test_each_service_tells_its_settings(service: str, installed: Path, tmp_path: Path):
    assert "PODIUM_NATS" in await output(installed, tmp_path, "serve", service, "--help")


@asynccontextmanager
async def serving(installed: Path, folder: Path, services: Iterable[str], **settings: str) -> AsyncGenerator[None]:
    """The services while the block runs; none may end before it does, each has to drain after it."""
    known = environment(PODIUM_DATA=folder, **settings)
    processes: dict[str, Process] = {}
    for name in services:
        with (folder / f"{name}.log").open("wb") as log:
            processes[name] = await asyncio.create_subprocess_exec(
                installed / "podium", "serve", name, cwd=folder, env=known, stdout=log, stderr=log
            )
    block = asyncio.current_task()
    assert block is not None
    endings = [asyncio.create_task(process.wait()) for process in processes.values()]
    for ending in endings:
        ending.add_done_callback(lambda ended: ended.cancelled() or block.cancel())
    try:
        yield
    except asyncio.CancelledError:
        pytest.fail(f"a service has ended\n{said(folder, processes)}")
    finally:
        for ending in endings:
            ending.cancel()
        await asyncio.gather(*endings, return_exceptions=True)
        for process in processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*(process.wait() for process in processes.values())), 60)
    assert {process.returncode for process in processes.values()} == {0}, said(folder, processes)


def said(folder: Path, processes: dict[str, Process]) -> str:
    return "\n".join(
        f"{name} (exit code {process.returncode}):\n{(folder / f'{name}.log').read_text()[-2000:]}"
        for name, process in processes.items()
    )


async def test_a_task_goes_through_the_services(
    installed: Path, shared_nats: NatsServer, subjects: Subjects, tmp_path: Path
):
    settings = {"PODIUM_NATS": shared_nats.url, "PODIUM_PREFIX": subjects.prefix}
    async with serving(installed, tmp_path, PROCESSES, **settings):
        answer = await send_one_task(shared_nats.url, subjects)
    assert answer["task"]["phase"] == "completed"


@pytest.mark.parametrize("service", asked_when_ready(Subjects()))
async def test_a_service_alone_comes_up_and_drains(
    service: str, installed: Path, shared_nats: NatsServer, subjects: Subjects, tmp_path: Path
):
    settings = {"PODIUM_NATS": shared_nats.url, "PODIUM_PREFIX": subjects.prefix}
    async with serving(installed, tmp_path, [service], **settings):
        nc = await nats.connect(shared_nats.url)
        try:
            await until_it_answers(nc, subjects, service)
        finally:
            await nc.close()
