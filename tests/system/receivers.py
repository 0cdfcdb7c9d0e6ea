"""Real receivers of messages for tests: an HTTP server and an SMTP server, each on a free port."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import NamedTuple, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


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
        async with asyncio.timeout(60), self._news:
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


class MailServer:
    """aiosmtpd on a free port; keeps what came.

    Args:
        tls: if given, nothing is taken before STARTTLS.
        login: user and password that are asked for.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None) -> None:
        self.port = 0
        self.mails: list[Envelope] = []
        self.users: list[str] = []
        self._tls, self._login = tls, login
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.mails.append(envelope)
        async with self._news:
            self._news.notify_all()
        return "250 taken"

    async def mailed(self, number: int) -> list[bytes]:
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len(self.mails) >= number)
        return [mail.original_content or b"" for mail in self.mails]

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_required=self._login is not None,
            auth_require_tls=self._tls is not None,
            authenticator=self._authenticate,
            enable_SMTPUTF8=True,
        )

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, way: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        is_right = (data.login.decode(), data.password.decode()) == self._login
        return AuthResult(success=is_right, handled=is_right)  # if it is not, the server still has to say so
