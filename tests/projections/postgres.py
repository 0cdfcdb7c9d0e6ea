"""A PostgreSQL server for tests: the one that `PODIUM_TEST_POSTGRES` names, or one of our own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

START_SECONDS = 20.0


class NoPostgres(Exception):
    """There is none here, and why."""


class PostgresServer:
    """A server in a temporary directory, reached by a socket there; as root it runs as another user."""

    def __init__(self) -> None:
        self._bin = _programs()
        self._user = _unprivileged()
        self.directory = Path(tempfile.mkdtemp(prefix="podium-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            shutil.chown(self.directory, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "podium", "-A", "trust", "-E", "UTF8", "-N")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://podium@/postgres?host={self.directory}"

    def start(self) -> None:
        """Returns when it takes connections."""
        options = ["-k", str(self.directory), "-c", "listen_addresses=", "-c", "fsync=off"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *options], stdout=log, stderr=log, user=self._user
            )
        ends = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(host=str(self.directory), user="podium", dbname="postgres").close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > ends or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """As when it is restarted: connections are cut."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(START_SECONDS)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments], capture_output=True, text=True, user=self._user, cwd="/", check=False
        )
        if done.returncode != 0:
            raise NoPostgres(f"{program}: {done.stderr.strip()}")


def new_database(url: str) -> str:
    """The address of a new, empty database on the server."""
    name = f"t{secrets.token_hex(6)}"
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    head, _, options = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}{'?' + options if options else ''}"


def _programs() -> Path:
    """Where `initdb` and `postgres` are: Debian has them outside of the PATH, by version."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True):
        return found.parent
    raise NoPostgres("no initdb in the PATH or in /usr/lib/postgresql")


def _unprivileged() -> str | None:
    """Whom the server runs as; PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NoPostgres("root may not run PostgreSQL, and there is no other user")
