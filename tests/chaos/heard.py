"""What the clients of a run sent and heard, as `podium audit --commands` reads it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from podium.audit.heard import Heard, Sent
from podium.client import Client, CommandRefused, NotAllowed, OutcomeUnknown, Overloaded, ServiceUnavailable
from podium.client._sending import Body

SECONDS = 4.0
AGAIN_SECONDS = 0.2


class Heards:
    """Writes a line for each command when it is known what became of it, or known that it is not known.

    Attributes:
        counts: by outcome; and by the code of a refusal, or by what it was that nobody took.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self._file = path.open("ab", buffering=0)
        self._number = 0

    def new_id(self) -> str:
        self._number += 1
        return f"c{self._number}"

    async def send(self, client: Client, service: str, entity: str, command: Body, id: str | None = None) -> Heard:
        """Send, and write down what was heard within `SECONDS`."""
        return (await self.hear(client, service, entity, command, id)).outcome

    async def settle(
        self,
        clients: Sequence[Client],
        number: int,
        service: str,
        entity: str,
        command: Body,
        id: str | None = None,
    ) -> Sent:
        """Send with the same id until it is known what became of it; the clients may be exchanged meanwhile."""
        id = id or self.new_id()
        while (sent := await self.hear(clients[number], service, entity, command, id)).outcome == "unknown":
            await asyncio.sleep(AGAIN_SECONDS)
        return sent

    async def hear(self, client: Client, service: str, entity: str, command: Body, id: str | None = None) -> Sent:
        """As `send`, with all that was heard."""
        id = id or self.new_id()
        try:
            outcome = await client.send(service, entity, command, id=id, timeout=SECONDS)
        except CommandRefused as refused:
            return self._write(Sent(id, service, "refused"), refused.code)
        except (Overloaded, ServiceUnavailable, NotAllowed) as nobody:
            # Nobody took this one; but another of the same id may be on its way.
            return self._write(Sent(id, service, "unknown"), type(nobody).__name__)
        except OutcomeUnknown:
            return self._write(Sent(id, service, "unknown"))
        return self._write(Sent(id, service, "accepted", outcome.sequence, outcome.events))

    def __enter__(self) -> Heards:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _write(self, sent: Sent, why: str = "") -> Sent:
        self.counts[sent.outcome] += 1
        if why:
            self.counts[f"{sent.outcome}: {why}"] += 1
        self._file.write(msgspec.json.encode(sent) + b"\n")
        return sent
