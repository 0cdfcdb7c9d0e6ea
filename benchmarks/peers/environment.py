"""What only the peers need: Python packages in an environment of their own, and Debian's redis-server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
CACHE = HERE.parent / ".cache"
INSTALL_SECONDS = 600.0
DOWNLOAD_SECONDS = 60.0

REDIS_PACKAGES = ("redis-server", "redis-tools", "liblua5.1-0", "liblzf1", "lua-bitop", "lua-cjson", "libjemalloc2")
"""Of Debian 12, with the libraries that a small system may lack."""


class NotHad(Exception):
    """Something that a peer needs cannot be had here, and why."""


async def python() -> Path:
    """The interpreter of an environment that has exactly what the lock says; made when there is none yet.

    Raises:
        NotHad: the packages could not be installed.
    """
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = CACHE / f"peers-{digest}"
    complete = home / "complete"
    if not complete.exists():
        await _run(sys.executable, "-m", "venv", "--clear", str(home), seconds=INSTALL_SECONDS)
        install = ("-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK))
        await _run(str(home / "bin/python"), *install, seconds=INSTALL_SECONDS)
        complete.touch()
    return home / "bin/python"


async def versions(python: Path) -> dict[str, str]:
    """Of the packages in the environment."""
    said = await _run(str(python), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check", seconds=30)
    packages = msgspec.json.decode(said.splitlines()[-1], type=list[dict[str, str]])
    return {package["name"].lower(): package["version"] for package in packages}


async def redis_server() -> tuple[Path, dict[str, str]]:
    """The program, and what it needs in its environment: of the system, or out of Debian's packages, not installed.

    Raises:
        NotHad: it is not there, and apt does not bring it.
    """
    if found := shutil.which("redis-server"):
        return Path(found), {}
    home = CACHE / "redis"
    program = home / "usr/bin/redis-server"
    if not program.exists():
        if shutil.which("apt-get") is None:
            raise NotHad("there is no redis-server and no apt-get")
        packages = CACHE / "packages"
        shutil.rmtree(packages, ignore_errors=True)
        packages.mkdir(parents=True)
        try:
            await _run("apt-get", "download", *REDIS_PACKAGES, seconds=DOWNLOAD_SECONDS, directory=packages)
        except NotHad:  # the lists are too old, or not there yet
            await _run("apt-get", "update", seconds=DOWNLOAD_SECONDS)
            await _run("apt-get", "download", *REDIS_PACKAGES, seconds=DOWNLOAD_SECONDS, directory=packages)
        for package in packages.glob("*.deb"):
            await _run("dpkg-deb", "--extract", str(package), str(home), seconds=DOWNLOAD_SECONDS)
        shutil.rmtree(packages)
    libraries = {str(library.parent) for library in home.glob("usr/lib/**/*.so*")}
    return program, {"LD_LIBRARY_PATH": os.pathsep.join(sorted(libraries))}


async def output(*command: str, environment: dict[str, str] | None = None) -> str:
    """What a short command says.

    Raises:
        NotHad: it failed.
    """
    return await _run(*command, seconds=30, environment=environment)


async def _run(
    *command: str, seconds: float, directory: Path | None = None, environment: dict[str, str] | None = None
) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
        )
    except OSError as error:
        raise NotHad(f"{command[0]}: {error.strerror}") from error
    try:
        said, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NotHad(f"{command[0]} took longer than {seconds:g} s") from None
    text = said.decode(errors="replace").strip()
    if process.returncode != 0:
        raise NotHad(f"{Path(command[0]).name} failed: {text.splitlines()[-1] if text else process.returncode}")
    return text
