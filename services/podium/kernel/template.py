"""Processes as copies of one that has loaded what all of them need: a start in a fraction of the time and memory.

`python -m podium.kernel.template FD` is that process. It has no threads and no event loop, so a copy of it (fork) is
as good as a new interpreter. Its master writes one JSON line a process to the socket FD and reads two: that it runs,
and how it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any, Final

from setproctitle import setproctitle

from .embedded import end_with_parent

SHARED: Final = ("uvloop", "podium.kernel.main", "podium.kernel.service", "podium.contracts.catalogue")
"""What is loaded before the first copy is made."""


class Copy:
    """A running process, as its master sees it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for the signal that ended it; None while it runs."""
        return self._code.result() if self._code.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._code)

    def send_signal(self, number: signal.Signals) -> None:
        if not self._code.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def ended(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)


class Template:
    """The master's end. The template starts with the first copy, and anew after its death, which its copies share."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._asked: dict[str, asyncio.Future[Copy]] = {}
        self._copies: dict[int, Copy] = {}

    async def start(self) -> None:
        """Have the template loaded, if it is not."""
        async with self._starting:
            if self._writer is not None:
                return
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "podium.kernel.template", str(theirs.fileno())),
                    env=dict(self._environment),
                    stdin=asyncio.subprocess.DEVNULL,
                    start_new_session=True,
                    pass_fds=(theirs.fileno(),),
                    preexec_fn=end_with_parent,
                )
            reader, self._writer = await asyncio.open_unix_connection(sock=ours)
            self._reading = asyncio.create_task(self._read(reader, self._writer))

    async def copy(self, name: str, arguments: Sequence[str]) -> Copy:
        """Start a process: its input is empty, it leads a session of its own, and it ends with the template.

        Args:
            name: what the system calls it (`ps`, `pkill -f`); no two copies are started under one at a time.
            arguments: `-m`, a module with `main()`, and what that finds in `sys.argv`.

        Raises:
            ConnectionError: the template has died; it will be there again at the next call.
        """
        await self.start()
        if self._writer is None:
            raise ConnectionError("the template has died")
        answer: asyncio.Future[Copy] = asyncio.get_running_loop().create_future()
        self._asked[name] = answer
        self._writer.write(json.dumps({"name": name, "arguments": [*arguments]}).encode() + b"\n")
        return await answer

    async def stop(self) -> None:
        """End the template, and with it whatever copies are left."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                heard = json.loads(line)
                if "code" in heard:
                    self._copies.pop(heard["pid"]).ended(heard["code"])
                else:
                    made = self._copies[heard["pid"]] = Copy(heard["pid"])
                    self._asked.pop(heard["name"]).set_result(made)
        writer.close()
        self._writer = None
        for copy in self._copies.values():
            copy.send_signal(signal.SIGKILL)  # nobody would see it end
            copy.ended(-signal.SIGKILL)
        self._copies.clear()
        for answer in self._asked.values():
            answer.set_exception(ConnectionError("the template has died"))
        self._asked.clear()


def serve(master: socket.socket) -> Callable[[], Any] | None:
    """Make copies until the master is gone.

    Returns:
        In the template None, in a copy what it is to run.
    """

    awake, waker = socket.socketpair()
    with awake, waker:
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, _nothing)
        unread = b""
        while True:
            ready, _, _ = select.select([master, awake], [], [])
            if awake in ready:
                awake.recv(4096)
                _tell_ended(master)
            if master not in ready:
                continue
            received = master.recv(65536)
            if not received:
                return None
            *lines, unread = (unread + received).split(b"\n")
            for line in lines:
                asked = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    return _becomes(asked["name"], asked["arguments"])
                _tell(master, {"name": asked["name"], "pid": pid})


def _nothing(number: int, frame: FrameType | None) -> None:
    """So that the signal is not ignored; what counts is that it wakes."""


def _tell_ended(master: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell(master, {"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(master: socket.socket, message: Mapping[str, Any]) -> None:
    master.sendall(json.dumps(message).encode() + b"\n")


def _becomes(name: str, arguments: Sequence[str]) -> Callable[[], Any]:
    os.setsid()
    end_with_parent()
    os.environ["SPT_NOENV"] = "1"  # the name takes the place of the command line, and not of the environment, too
    setproctitle(name)
    _, module, *sys.argv[1:] = arguments
    sys.argv[0] = module
    main: Callable[[], Any] = importlib.import_module(module).main
    return main


def main() -> int:
    (descriptor,) = sys.argv[1:]
    for module in SHARED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # so that a copy's collector does not touch, and thereby double, what is shared
    with socket.socket(fileno=int(descriptor)) as master:
        master.set_inheritable(False)
        run = serve(master)
    return 0 if run is None else run()


if __name__ == "__main__":
    sys.exit(main())
