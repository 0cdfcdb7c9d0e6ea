"""What is stored: each answer is one request, and no consumer is made for it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from eventsourcing.persistence import OperationalError
from nats.aio.client import Client

from podium.runtime.pull import Stored
from podium.runtime.wire import Outgoing, read_headers

from .asking import RETRY, Asking
from .commits import Commit, decode_commit

BATCH: Final = 1000
"""The most messages that are asked for in one request."""

WINDOW: Final = 1000
"""How many sequences behind an aggregate's last message the ones before it are first looked for."""

FARTHER: Final = 16

_END: Final = 204
_NOTHING: Final = 404


class _Found:
    """What comes in answer to one request.

    Attributes:
        left: how many more there are that match.
    """

    def __init__(self, single: bool) -> None:
        self.found: list[Stored] = []
        self.status = _END
        self.description = ""
        self.left = 0
        self._single = single

    def take(self, payload: bytes, headers: bytes) -> bool:
        status, fields = read_headers(headers)
        if status is None:
            self.found.append(Stored(int(fields["Nats-Sequence"]), fields["Nats-Subject"], payload))
            return self._single
        self.status, self.description = status, fields["Description"]
        self.left = int(fields.get("Nats-Num-Pending", "0"))
        return True


class Reading:
    """Reads one stream over one client.

    Any replica may answer, also one that lags behind.

    Args:
        timeout: seconds for which an answer is waited for and asked for again.
    """

    def __init__(self, client: Client, stream: str, timeout: float) -> None:
        self._client = client
        self._stream = stream
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._asking = Asking(client)

    async def page(self, first: int, count: int) -> list[Stored]:
        """Messages from a sequence on: `count` of them, or fewer where the stream or the room of an answer ends.

        Raises:
            OperationalError
        """
        return (await self._get({"seq": first, "batch": min(count, BATCH)})).found

    async def at(self, sequence: int) -> Commit | None:
        """The commit at the sequence; None if there is none.

        Raises:
            OperationalError
        """
        found = (await self._get({"seq": sequence}, single=True)).found
        return decode_commit(found[0].payload) if found else None

    async def history(
        self,
        subject: str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        newest: int | None = None,
        reaching: int = 0,
    ) -> list[tuple[int, Commit]]:
        """An aggregate's commits with their sequences: all, or the last ones, among which is all that is asked for.

        Args:
            gt: versions greater than this.
            newest: as many of the highest versions, of those that are at most `lte`.
            reaching: a sequence at which there is a commit for certain, so that no answer without it is whole.

        Raises:
            OperationalError
        """
        deadline = self._loop.time() + self._timeout
        while True:
            found = await self._history(subject, gt, lte, newest)
            if reaching == 0 or (found and found[-1][0] >= reaching):
                return found
            if self._loop.time() >= deadline:
                raise OperationalError(f"nobody has message {reaching} of {self._stream}")
            await asyncio.sleep(RETRY)

    async def _history(
        self, subject: str, gt: int | None, lte: int | None, newest: int | None
    ) -> list[tuple[int, Commit]]:
        last = (await self._get({"last_by_subj": subject}, single=True)).found
        found = [(stored.sequence, decode_commit(stored.payload)) for stored in last]
        window = WINDOW
        while found and not _is_enough([commit for _, commit in found], gt, lte, newest):
            start = found[0][1].start
            if gt is not None or newest is not None:
                start = max(start, found[-1][0] - window)
            found = await self._from(subject, start)
            window *= FARTHER
        return found

    async def _from(self, subject: str, first: int) -> list[tuple[int, Commit]]:
        found: list[tuple[int, Commit]] = []
        while True:
            answer = await self._get({"seq": first, "next_by_subj": subject, "batch": BATCH})
            found += [(stored.sequence, decode_commit(stored.payload)) for stored in answer.found]
            if not answer.found or not answer.left:
                return found
            first = found[-1][0] + 1

    async def _get(self, request: dict[str, Any], *, single: bool = False) -> _Found:
        deadline = self._loop.time() + self._timeout
        body = msgspec.json.encode(request)

        def message(reply: str) -> list[Outgoing]:
            return [Outgoing(f"$JS.API.DIRECT.GET.{self._stream}", body, reply=reply)]

        while True:
            answer, fault = _Found(single), "no answer came"
            if self._client.is_connected and await self._asking.ask(message, answer, deadline):
                if answer.status in (_END, _NOTHING):
                    return answer
                fault = f"{answer.description} ({answer.status})"
            if self._loop.time() >= deadline:
                raise OperationalError(f"{self._stream} could not be read within {self._timeout:g} s: {fault}")
            await asyncio.sleep(RETRY)


def _is_enough(commits: list[Commit], gt: int | None, lte: int | None, newest: int | None) -> bool:
    """Whether what is before these cannot be among what is asked for."""
    below = commits[0].below
    if below is None or (gt is not None and below <= gt):
        return True
    if newest is None:
        return False
    versions = [entry.version for commit in commits for entry in commit.events if lte is None or entry.version <= lte]
    return sum(version > below for version in versions) >= newest
