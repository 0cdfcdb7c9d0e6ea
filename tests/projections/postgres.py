"""A PostgreSQL server for tests: the one that `PODIUM_TEST_POSTGRES` names, or one of our own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

START_SECONDS = 60.0


class NoPostgres(Exception):
    """There is none here, and why."""


class PostgresServer:
    """A server in a temporary directory, reached by a socket there; as root it runs as another user.

    Args:
        durable: fsync before a commit is answered, as by default; tests do without.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
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

    @property
    def pid(self) -> int | None:
        """Of the process that started all its others, while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Returns when it takes connections."""
        fsync = f"fsync={'on' if self._durable else 'off'}"
        options = ["-k", str(self.directory), "-c", "listen_addresses=", "-c", fsync]
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
        """At once: connections are cut, and what was committed is recovered by the next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
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
    """The address of a place on the server that is empty: a schema of its own, which is made faster than a database."""
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"


def _programs() -> Path:
    """Where `initdb` and `postgres` are: Debian has them outside of the PATH, by version."""
    if in_path := shutil.which("initdb"):
        return Path(in_path).resolve().parent
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
