"""What agents say that nobody stores: the latest heartbeat of each, and how far each attempt is."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.envelope import Beat, Progress
from podium.contracts.subjects import Subjects
from podium.runtime.wire import listen

T = TypeVar("T")

MOST: Final = 100_000
"""The most agents, and the most tasks, of which something is kept; those heard of longest ago go first."""

_beats = msgspec.json.Decoder(Beat)
_progress = msgspec.json.Decoder(Progress)


class HeardBeat(Struct, frozen=True):
    """`at`: seconds since the epoch, UTC."""

    beat: Beat
    at: float


class HeardProgress(Struct, frozen=True):
    agent: str
    progress: Progress


class Heard:
    """Memory of what was heard while the process ran; `drop` what is of no use any more."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects
        self._agents: dict[str, HeardBeat] = {}
        self._tasks: dict[str, HeardProgress] = {}

    async def listen(self, nc: Client) -> None:
        await listen(nc, self._subjects.all_beats(), self._on_beat)
        await listen(nc, self._subjects.all_progress(), self._on_progress)

    def beat(self, agent: str) -> HeardBeat | None:
        return self._agents.get(agent)

    def progress(self, task: str, agent: str | None, attempt: int) -> Progress | None:
        """Of this very attempt."""
        heard = self._tasks.get(task)
        if heard is None or heard.agent != agent or heard.progress.attempt != attempt:
            return None
        return heard.progress

    @property
    def agents(self) -> list[str]:
        return list(self._agents)

    @property
    def tasks(self) -> list[str]:
        return list(self._tasks)

    def drop(self, agents: Collection[str], tasks: Collection[str]) -> None:
        for agent in agents:
            self._agents.pop(agent, None)
        for task in tasks:
            self._tasks.pop(task, None)

    def _on_beat(self, subject: str, _reply: str, payload: bytes, _headers: bytes) -> None:
        agent = subject.rsplit(".", 1)[-1]
        try:
            beat = _beats.decode(payload)
        except (msgspec.MsgspecError, RecursionError):
            return
        _put(self._agents, agent, HeardBeat(beat, time.time()))

    def _on_progress(self, subject: str, _reply: str, payload: bytes, _headers: bytes) -> None:
        agent, task = subject.split(".")[-2:]
        try:
            progress = _progress.decode(payload)
        except (msgspec.MsgspecError, RecursionError):
            return
        _put(self._tasks, task, HeardProgress(agent, progress))


def _put(kept: dict[str, T], key: str, value: T) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > MOST:
        del kept[next(iter(kept))]
