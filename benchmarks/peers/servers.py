"""The servers that peers need, each on the loopback address or a socket, in a directory of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

from podium.kernel.embedded import HOST, end_with_parent, server_binary
from tests.nats_server import NatsServer, free_port
from tests.projections.postgres import NoPostgres, PostgresServer

from .environment import NotHad, output, redis_server

START_SECONDS = 20.0

ServerKind = Literal["nats", "redis", "postgres"]
Start = Callable[[Path, bool], AbstractAsyncContextManager["Running"]]
"""Takes an empty directory, and whether to fsync before every acknowledgement.

Raises:
    NotHad: there is no such server here.
"""


class Running(Struct, frozen=True):
    """A server that serves.

    Attributes:
        pid: its processes' first.
        environment: its address, as the applications read it.
    """

    name: str
    version: str
    pid: int
    environment: dict[str, str]


@asynccontextmanager
async def _nats(directory: Path, durable: bool) -> AsyncGenerator[Running]:
    version = await output(str(server_binary()), "--version")
    server = await NatsServer(directory / "nats", sync_always=durable).start()
    try:
        assert server.pid is not None
        yield Running("nats-server", version.rpartition("v")[2], server.pid, {"BENCH_NATS": server.url})
    finally:
        await server.stop()


@asynccontextmanager
async def _redis(directory: Path, durable: bool) -> AsyncGenerator[Running]:
    program, libraries = await redis_server()
    version = (await output(str(program), "--version", environment=libraries)).partition("v=")[2].split()[0]
    port = free_port()
    options = ["--bind", HOST, "--port", str(port), "--dir", str(directory), "--daemonize", "no"]
    if durable:
        options += ["--appendonly", "yes", "--appendfsync", "always"]
    with (directory / "redis.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program,
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **libraries},
            preexec_fn=end_with_parent,
        )
    try:
        await _until_open(port, process)
        yield Running("redis-server", version, process.pid, {"BENCH_REDIS": f"redis://{HOST}:{port}/0"})
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def _postgres(directory: Path, durable: bool) -> AsyncGenerator[Running]:
    """Its default is durable: `fsync` and `synchronous_commit` are on."""
    try:
        server = await asyncio.to_thread(PostgresServer, durable=durable)
    except NoPostgres as reason:
        raise NotHad(str(reason)) from reason
    try:
        await asyncio.to_thread(server.start)
        assert server.pid is not None
        said = await output(f"/proc/{server.pid}/exe", "--version")
        url = f"postgresql://podium@/postgres?host={server.directory}"
        yield Running("postgres", said.split()[2], server.pid, {"BENCH_POSTGRES": url})
    finally:
        await asyncio.to_thread(server.remove)


START: dict[ServerKind, Start] = {"nats": _nats, "redis": _redis, "postgres": _postgres}


async def _until_open(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                if process.returncode is not None:
                    raise NotHad(f"the server ended with exit code {process.returncode}") from None
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
