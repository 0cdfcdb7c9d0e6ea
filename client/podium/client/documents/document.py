"""A shared document, open: a replica that sends its own edits and merges all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from msgspec import Struct
from pycrdt import Doc, Map

from podium.client.errors import PodiumError
from podium.contracts.document_queries import DocumentDetail, GetDocument
from podium.contracts.documents import (
    ContentChange,
    DocumentEdited,
    DocumentKind,
    DocumentRestored,
    JoinDocument,
    LeaveDocument,
    StructureEdited,
)

from .awareness import Presence, Presences
from .handle import Handle
from .loading import Content, Loaded, load
from .outgoing import Outgoing
from .texts import SharedText

if TYPE_CHECKING:
    from podium.client import Client

_FOLLOWED: Final = (DocumentEdited, StructureEdited, DocumentRestored)
_LEAVE_SECONDS: Final = 2.0


class Change(Struct, frozen=True):
    """A change of the content that is stored: its revision, and whose it is."""

    revision: int
    by: str


class Document(Handle):
    """A shared document, to be used as `async with client.document("notes") as notes:`.

    Edits take effect here at once. They are sent in batches, also those that were made while there was no connection,
    and everybody else's are merged as they come; so all who have it open come to see the same.

    Args:
        pause: seconds for which edits are gathered before they are sent.
    """

    def __init__(self, client: Client, name: str, *, pause: float = 0.05) -> None:
        super().__init__(client, name)
        self.revision = 0
        self._position = 0
        self._is_merging = False
        self._kind: DocumentKind = "text"
        self._content: Content | None = None
        self._text: SharedText | None = None
        self._presences: Presences | None = None
        self._observers: list[Callable[[Change], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()
        self._unobserve: Callable[[], None] = lambda: None
        self._outgoing = Outgoing(client, name, pause, self._news, self._take_back)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Life

    async def open(self) -> None:
        """Join, and load what there is.

        Raises:
            CommandRefused: there is no such document, it is full, or this principal has no role in it.
            QueryFailed, ServiceUnavailable: nobody answers.
        """
        joined = await self._client.send("collaboration", self.name, JoinDocument())
        detail = (
            await self._client.query(
                GetDocument(document_id=self.name, at_least={joined.stream: joined.sequence}, wait=30.0)
            )
        ).document
        self._kind = detail.kind
        loaded = await self._reload()
        assert self._content is not None
        connection, subjects = self._client.connection, self._client.subjects
        self._presences = Presences(
            connection, subjects, self.name, self._client.principal, self._content.doc.client_id
        )
        self._presences.watch(self._text)
        await self._presences.open()
        self._tasks = [
            asyncio.create_task(self._follow(loaded.position)),
            asyncio.create_task(self._outgoing.run()),
            asyncio.create_task(self._stay(detail)),
        ]

    async def close(self) -> None:
        """Send what is not sent yet, if there is a connection, and leave."""
        if self._client.connection.is_up:
            with suppress(PodiumError, TimeoutError):
                await self.saved(_LEAVE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._unobserve()
        self._unobserve = lambda: None
        if self._presences is not None:
            with suppress(PodiumError):
                await self._presences.close()
        if self._client.connection.is_up:
            with suppress(PodiumError):
                await self._client.send("collaboration", self.name, LeaveDocument(), timeout=_LEAVE_SECONDS)

    # Content

    @property
    def text(self) -> SharedText:
        """The text of a document of the kind `text`.

        Raises:
            TypeError: it is of another kind, or not open.
        """
        if self._text is None:
            raise TypeError(f"{self.name} is a {self._kind}, or not open; only an open text has a text")
        return self._text

    @property
    def map(self) -> Map[Any]:
        """The shared map of a structure, to be read and written as a `pycrdt.Map`; edits are sent by themselves.

        Raises:
            TypeError: it is a text, or not open.
            CommandRefused: the document has refused this writer's edits before.
        """
        if self._content is None or self._content.map is None:
            raise TypeError(f"{self.name} is a text, or not open")
        self._outgoing.check()
        return self._content.map

    @property
    def content(self) -> Any:
        """Of a text the string, of a structure what JSON carries."""
        return None if self._content is None else self._content.value()

    @contextmanager
    def together(self) -> Generator[None]:
        """Edits within become one update: others see all of them or none."""
        if self._content is None:
            raise TypeError(f"{self.name} is not open")
        with self._content.doc.transaction():
            yield

    async def saved(self, timeout: float | None = None) -> int:
        """Wait until all edits made here are stored and have come back; the revision then.

        Raises:
            CommandRefused: they were refused; what was not stored is gone from the document here.
            TimeoutError
        """
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: self._outgoing.is_idle and self._position >= self._outgoing.stored)
        self._outgoing.check()
        return self.revision

    async def reached(self, revision: int, timeout: float | None = None) -> None:
        """Wait until a revision is merged here. Raises: TimeoutError."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: self.revision >= revision)

    def observe(self, observer: Callable[[Change], None]) -> None:
        """Have it called after each change that is stored, one's own as well."""
        self._observers.append(observer)

    def changes(self) -> AsyncIterator[Change]:
        """Every change that is stored from now on."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._observers.append(queue.put_nowait)
        return self._queued(queue)

    # Awareness

    async def tell(
        self,
        *,
        name: str | None = None,
        cursor: int | None = None,
        selection: int | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        """Say where one is and who, to all that have the document open; said again until it is closed."""
        if self._presences is not None:
            await self._presences.tell(name, cursor, selection, state or {})

    @property
    def others(self) -> list[Presence]:
        """Who else has it open and says so."""
        return [] if self._presences is None else self._presences.others()

    # Parts

    async def _queued(self, queue: asyncio.Queue[Change]) -> AsyncIterator[Change]:
        try:
            while True:
                yield await queue.get()
        finally:
            self._observers.remove(queue.put_nowait)

    async def _reload(self) -> Loaded:
        """Begin anew with what is stored."""
        loaded = await load(self._client.connection, self._client.subjects, self.name)
        doc: Doc[Any] = Doc()
        self._content = Content(self._kind, doc)
        self._content.merge(loaded.updates)
        self._text = SharedText(self._content.text, self._outgoing.check) if self._content.text is not None else None
        self._unobserve()
        observing = doc.observe(lambda event: self._made(event.update))
        self._unobserve = lambda: doc.unobserve(observing)
        self.revision, self._position = loaded.revision, max(self._position, loaded.position)
        return loaded

    def _made(self, update: bytes) -> None:
        if not self._is_merging:
            self._outgoing.add(update)

    def _merge(self, update: bytes) -> None:
        assert self._content is not None
        self._is_merging = True
        try:
            self._content.merge([update])
        finally:
            self._is_merging = False
        if self._text is not None:
            self._text.changed()

    async def _follow(self, position: int) -> None:
        events = self._client.events(service="collaboration", entity=self.name, types=_FOLLOWED, after=position)
        async for event in events:
            if isinstance(event.data, ContentChange):
                self._changed(event.data, event.envelope.actor)
            self._position = event.sequence
            async with self._news:
                self._news.notify_all()

    def _changed(self, change: ContentChange, by: str) -> None:
        if change.revision <= self.revision:
            return
        self._merge(change.update)
        self.revision = change.revision
        for observer in list(self._observers):
            observer(Change(change.revision, by))

    async def _take_back(self) -> None:
        """What is here is no longer what all others see."""
        await self._reload()
        if self._presences is not None:
            self._presences.watch(self._text)

    async def _stay(self, detail: DocumentDetail) -> None:
        """Say again and again that one is there, before the document thinks otherwise."""
        while True:
            await asyncio.sleep(detail.idle_timeout / 3)
            with suppress(PodiumError):
                await self._client.send("collaboration", self.name, JoinDocument())
