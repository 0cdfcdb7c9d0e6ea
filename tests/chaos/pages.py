"""A document that all clients write in on bad days: whatever was typed is there in the end, once, for everybody."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Final

from pycrdt import Doc, Text, merge_updates

from podium.client import Client, PodiumError
from podium.client.documents.loading import load
from podium.contracts.documents import ROOT, ContentChange, CreateDocument, EditDocument
from tests.chaos.heard import Heards

NAME: Final = "page"
PAUSE: Final = 0.5
"""Seconds between two commands of a writer, at the most."""

_RETRY_SECONDS: Final = 0.2


class Writer:
    """A replica, and what of it is not known to be stored. Each word that it types is like no other."""

    def __init__(self, number: int, heards: Heards, seed: int) -> None:
        self.words: list[str] = []
        self.doc: Doc[Text] = Doc(client_id=100 + number)
        self.text = self.doc.get(ROOT, type=Text)
        self._number = number
        self._heards = heards
        self._random = random.Random(f"{seed}/{number}")
        self._pending: list[bytes] = []
        self._is_merging = False
        self._observing = self.doc.observe(lambda event: self._made(event.update))

    def types(self) -> None:
        """A word, next to another one and never within it."""
        word = f"<{self._number}.{len(self.words)}>"
        places = [0, *(place + 1 for place, character in enumerate(str(self.text)) if character == ">")]
        self.text.insert(self._random.choice(places), word)
        self.words.append(word)

    async def sends(self, client: Client) -> bool:
        """What is pending, under an id of its own each time; whether it is stored now."""
        if self._pending:
            sent = list(self._pending)
            heard = await self._heards.send(client, "collaboration", NAME, EditDocument(merge_updates(*sent)))
            if heard != "accepted":
                return False
            del self._pending[: len(sent)]
        return True

    def merges(self, updates: list[bytes]) -> None:
        self._is_merging = True
        for update in updates:
            self.doc.apply_update(update)
        self._is_merging = False

    def _made(self, update: bytes) -> None:
        if not self._is_merging:
            self._pending.append(update)


class Pages:
    """The page and its writers."""

    def __init__(self, writers: int, heards: Heards, seed: int) -> None:
        self._heards = heards
        self._random = random.Random(seed)
        self._writers = [Writer(number, heards, seed) for number in range(writers)]

    async def begin(self, client: Client) -> None:
        while await self._heards.send(client, "collaboration", NAME, CreateDocument(max_participants=50)) == "unknown":
            await asyncio.sleep(_RETRY_SECONDS)

    async def write(self, number: int, client: Client) -> None:
        """One step of a writer: words, sent at once or kept for later; now and then it reads what the others wrote."""
        writer = self._writers[number]
        for _ in range(self._random.randint(1, 3)):
            writer.types()
        if self._random.random() < 0.8:
            await writer.sends(client)
        if self._random.random() < 0.3:
            try:
                writer.merges((await load(client.connection, client.subjects, NAME)).updates)
            except PodiumError:
                return
        await asyncio.sleep(self._random.random() * PAUSE)

    async def faults(self, clients: list[Client], patience: float) -> list[str]:
        """What is wrong when all is sent, each writer's by its own client: a sentence for each. Raises: TimeoutError"""
        async with asyncio.timeout(patience):
            for writer, client in zip(self._writers, clients, strict=True):
                while not await writer.sends(client):
                    await asyncio.sleep(_RETRY_SECONDS)
            updates = await self._stored(clients[0])
            read = await self._read(clients[0])
        found: list[str] = []
        if read != updates:
            found.append(f"the read model has {len(read)} updates of the page, the log {len(updates)}")
        for writer in self._writers:
            writer.merges(updates)
        texts = {str(writer.text) for writer in self._writers}
        if len(texts) != 1:
            found.append(f"the writers see {len(texts)} different pages")
        whole = Doc[Text]()
        page = whole.get(ROOT, type=Text)
        for update in updates:
            whole.apply_update(update)
        words = [word for writer in self._writers for word in writer.words]
        if len(updates) < len(self._writers):
            found.append(f"only {len(updates)} updates came from {len(self._writers)} writers")
        found += [f"{word} is {n} times on the page" for word in words if (n := str(page).count(word)) != 1]
        return found

    async def _stored(self, client: Client) -> list[bytes]:
        """Updates by the log alone."""
        while True:
            found: list[bytes] = []
            try:
                events: Any = client.events(service="collaboration", entity=NAME, follow=False)
                async for event in events:
                    if isinstance(event.data, ContentChange):
                        found.append(event.data.update)
            except PodiumError:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return found

    async def _read(self, client: Client) -> list[bytes]:
        while True:
            try:
                return (await load(client.connection, client.subjects, NAME)).updates
            except PodiumError:
                await asyncio.sleep(_RETRY_SECONDS)
