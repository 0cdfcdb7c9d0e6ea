"""`podium up`: a NATS server of its own (unless given one) and every service, each in a process of its own.

What dies is started again. Ctrl-C or SIGTERM drains the services, then stops the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from nats.errors import Error as NatsError
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from podium.contracts.queries import SystemOverview
from podium.contracts.subjects import Subjects
from podium.runtime.connection import connect, disconnect
from podium.runtime.settings import ProcessSettings, describe

from .embedded import EmbeddedServer, ServerFailed
from .main import DECIDERS
from .settings import Settings
from .supervised import Server, Supervised, Unusable
from .template import Template

READY_SECONDS: Final = 30.0
PROCESSES: Final[Mapping[str, Sequence[str]]] = {
    **{service: ("-m", "podium.kernel.main", service) for service in DECIDERS},
    "projections": ("-m", "podium.projections.main"),
    "notifier": ("-m", "podium.notifier.main"),
    "keeper": ("-m", "podium.keeper.main", "serve"),
}
"""The one table of what runs: process → arguments of the interpreter."""


async def up(settings: Settings, port: int, data: Path, own_server: bool, without: Collection[str] = ()) -> None:
    """Run everything until SIGTERM or SIGINT.

    Args:
        without: processes that are not started.

    Raises:
        ServerFailed: the embedded server does not start.
        Unusable: the server cannot hold podium's streams, or a setting is wrong.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    url = settings.nats
    server: Server | None = None
    if own_server:
        embedded = EmbeddedServer(data / "nats", port)
        server, url = Server(embedded, say), embedded.url
        await server.start()
    environment = {**os.environ, "PODIUM_NATS": url, "PODIUM_DATA": str(data), "PODIUM_PREFIX": settings.prefix}
    if "PODIUM_COLLABORATION_BALLOT_KEY" not in environment:
        environment.setdefault("PODIUM_COLLABORATION_BALLOT_KEY_FILE", str(ballot_key(data)))
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy would make threads that nobody uses
    template = Template(environment)
    processes = [
        Supervised(name, arguments, template, say) for name, arguments in PROCESSES.items() if name not in without
    ]
    running = [asyncio.create_task(process.run()) for process in processes]
    if server is not None:
        running.append(asyncio.create_task(server.run()))
    announcing = asyncio.create_task(_announce(settings, url, data, processes))
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()
    finally:
        announcing.cancel()
        await asyncio.gather(*(process.stop() for process in processes))
        await template.stop()
        if server is not None:
            await server.stop()
        for task in (*running, stopping):
            task.cancel()
        await asyncio.wait([*running, stopping, announcing])
    say("stopped", "podium has stopped")


def ballot_key(data: Path) -> Path:
    """The file with the key of secret ballots, which only its owner may read; made when there is none yet."""
    path = data / "ballot.key"
    data.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return path


def asked_when_ready(subjects: Subjects) -> dict[str, str]:
    """Process → what it answers as soon as it serves."""
    asked = {str(service): f"$SRV.PING.{subjects.prefix}-{service}" for service in DECIDERS}
    asked["notifier"] = f"$SRV.PING.{subjects.prefix}-notifier"
    return {**asked, "projections": subjects.query(SystemOverview.wire)}


async def _announce(settings: Settings, url: str, data: Path, processes: Sequence[Supervised]) -> None:
    """Say when every process answers."""
    began = time.monotonic()
    nc = await connect(url, name="podium-up", **settings.login())
    started = {process.name for process in processes}
    asked = asked_when_ready(Subjects(settings.prefix))
    waiting = {name: subject for name, subject in asked.items() if name in started}
    try:
        while waiting:
            for name, subject in list(waiting.items()):
                try:
                    answer = await nc.request(subject, b"{}", timeout=0.5)
                    if "error" not in json.loads(answer.data):
                        del waiting[name]
                except (NatsError, TimeoutError):
                    await asyncio.sleep(0.05)
            if waiting and time.monotonic() - began > READY_SECONDS:
                say("waiting", f"still waiting for {', '.join(waiting)}")
                began = time.monotonic()
    finally:
        await disconnect(nc)
    pids = {process.name: process.pid for process in processes}
    say("ready", f"podium is ready at {url} (data in {data}); Ctrl-C stops it", url=url, data=str(data), pids=pids)


_as_json = False


def say(event: str, sentence: str, **fields: object) -> None:
    """A line for people, or a JSON object a line with `--json`."""
    print(json.dumps({"event": event, "message": sentence, **fields}) if _as_json else sentence, flush=True)


def _every_setting() -> str:
    """What all processes can be told, then what each of them can; read only for who asks, since it takes a second."""
    told = [f"settings of every process (variables):\n{describe(Settings)}"]
    for process in PROCESSES:
        rows = [describe(settings, ProcessSettings) for settings in _settings_of(process)]
        told += [f"settings of {process}:\n{row}" for row in rows if row]
    return "\n\n".join(told)


def _settings_of(process: str) -> list[type[BaseSettings]]:
    """What the process's module `settings` defines, if it has one."""
    place = f"podium.{process}.settings"
    if importlib.util.find_spec(place) is None:
        return []
    found = [value for value in vars(importlib.import_module(place)).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, BaseSettings) and value.__module__ == place]


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser.epilog = f"example:\n  podium up --port 4222 --data ./podium-data\n\n{_every_setting()}"
        parser.print_help()
        parser.exit()


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="podium up",
        description="Start a NATS server and all of podium's services; Ctrl-C stops them in order.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    parser.add_argument("-h", "--help", action=_Help, nargs=0, help="show this, with every setting")
    parser.add_argument("--port", type=int, default=4222, help="port of the embedded server, on 127.0.0.1 [4222]")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("PODIUM_DATA", "podium-data")),
        help="directory of the event log and the read models [podium-data]",
    )
    parser.add_argument("--nats", metavar="URL", help="use this NATS server instead of starting one")
    parser.add_argument("--prefix", help="first token of every subject [podium]")
    parser.add_argument(
        "--without",
        metavar="NAME",
        action="append",
        default=[],
        choices=PROCESSES,
        help="do not start this one, "
        f"which runs elsewhere or is not needed; may be given several times ({', '.join(PROCESSES)})",
    )
    parser.add_argument("--json", action="store_true", help="say what happens as JSON lines")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 after an orderly stop, 1 on a failure, 2 if podium cannot run with these settings."""
    global _as_json
    given = _arguments(arguments)
    _as_json = given.json
    chosen = {name: value for name in ("nats", "prefix") if (value := getattr(given, name)) is not None}
    try:
        settings = Settings(**chosen)
        asyncio.run(
            up(settings, given.port, given.data.resolve(), own_server=given.nats is None, without=given.without)
        )
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", file=sys.stderr)
        return 2
    except (ServerFailed, Unusable) as error:
        print(f"podium: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
