"""Real receivers of messages for tests: an HTTP server and an SMTP server, each on a free port."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import NamedTuple, Self


class Post(NamedTuple):
    """A request that came."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """A TCP server on the loopback address that keeps what came."""

    def __init__(self) -> None:
        self.port = 0
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.talk(reader, writer)
            await writer.drain()
        finally:
            writer.close()
        async with self._news:
            self._news.notify_all()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def until(self, number: int, kept: list[object]) -> None:
        """Return when so many have come."""
        async with asyncio.timeout(40), self._news:
            await self._news.wait_for(lambda: len(kept) >= number)


class HttpReceiver(Receiver):
    """Answers with the statuses that are given, one after the other, and then with 200."""

    def __init__(self, *statuses: int) -> None:
        super().__init__()
        self.posts: list[object] = []
        self._statuses = list(statuses)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.posts.append(Post(headers, body))
        status = self._statuses.pop(0) if self._statuses else 200
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    async def posted(self, number: int) -> list[Post]:
        await self.until(number, self.posts)
        return [post for post in self.posts if isinstance(post, Post)]


class SmtpReceiver(Receiver):
    """As much of RFC 5321 as a client of it needs."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[object] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            match line[:4].upper().strip():
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                    writer.write(b"250 taken\r\n")
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"250 yes\r\n")

    async def mailed(self, number: int) -> list[bytes]:
        await self.until(number, self.mails)
        return [mail for mail in self.mails if isinstance(mail, bytes)]
