"""A TCP proxy before a NATS server: the network's hand in a test."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit


class Proxy:
    """Forwards until told otherwise.

    Attributes:
        answers: whether what the server says reaches the client.
        refuses: whether nobody may connect.
        delay: seconds that everything is held back in each direction, in order.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname, target.port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._halved: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._reading = asyncio.Event()
        self._reading.set()
        self._stopped: list[asyncio.Event] = []
        self.answers = True
        self.refuses = False
        self.delay = 0.0

    async def start(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def stop_reading(self) -> None:
        """Those who are connected are no longer listened to; who connects from now on is."""
        self._reading.clear()
        self._stopped.append(self._reading)
        self._reading = asyncio.Event()
        self._reading.set()

    def cut(self) -> None:
        """Every connection ends now."""
        for writer in self._writers:
            writer.transport.abort()

    def half_close(self) -> None:
        """The clients hear that the server will say no more; what they say still reaches it."""
        for writer in self._clients - self._halved:
            if not writer.is_closing():
                writer.write_eof()
                self._halved.add(writer)

    async def stop(self) -> None:
        for reading in self._stopped:
            reading.set()
        self.cut()
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, upstream_writer}
        self._clients.add(writer)
        reading = self._reading
        try:
            await asyncio.gather(
                self._forward(reader, upstream_writer, reading), self._forward(upstream_reader, writer, None)
            )
        finally:
            for end in (writer, upstream_writer):
                end.transport.abort()
                self._writers.discard(end)
            self._clients.discard(writer)
            self._halved.discard(writer)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reading: asyncio.Event | None
    ) -> None:
        try:
            while data := await reader.read(65536):
                if reading is not None:
                    await reading.wait()
                elif not self.answers:
                    continue
                if self.delay:
                    await asyncio.sleep(self.delay)
                if writer.is_closing():
                    return
                if writer in self._halved:
                    continue
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()
