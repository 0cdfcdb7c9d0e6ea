"""Exports: the events of some streams from a checkpoint on, with the checkpoints between, up to one made for it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
import nats.errors
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.runtime.archives import Archive
from podium.runtime.reading import JetStreamReader

from . import chain
from .chain import Head
from .checkpoint import Checkpoint, decode
from .ledger import checkpoints
from .record import Line, Opening, checkpoint_line, event_line, opening_line

SEAL_SECONDS: Final = 60.0
"""How long the keeper may take to carry its chains to the ends of the streams."""


class NoKeeper(Exception):
    """Nobody signs."""


class Exporter:
    """Reads and changes nothing.

    Attributes:
        events: how many were exported.
        closing: the checkpoint at the end; None before there is one.
    """

    def __init__(self, nc: Client, subjects: Subjects) -> None:
        self.events = 0
        self.closing: Checkpoint | None = None
        self._nc = nc
        self._subjects = subjects
        self._archive = Archive(nc, subjects)

    async def lines(self, streams: Sequence[str], since: float | None) -> AsyncIterator[Line]:
        """The lines of an export.

        Args:
            streams: those that are wanted.
            since: from the newest checkpoint of before this time on; None for everything.

        Raises:
            NoKeeper
            LogUnavailable
        """
        stored = [checkpoint async for checkpoint in checkpoints(self._nc, self._subjects)]
        heads = {stream: chain.start(stream) for stream in streams}
        if since is not None:
            before = [checkpoint for checkpoint in stored if checkpoint.at < since]
            heads |= {stream: head for stream, head in before[-1].heads.items() if stream in heads} if before else {}
            stored = stored[max(len(before) - 1, 0) :]
        opening = Opening(version=1, nonce=secrets.token_hex(16), streams=dict(heads))
        self.closing = closing = await sealed(self._nc, self._subjects, opening.seal)
        between = [checkpoint for checkpoint in stored if _leads_to(checkpoint, closing)]
        yield opening_line(opening, closing.at)
        for checkpoint in (*between, closing):
            reached = {stream: checkpoint.heads.get(stream, chain.start(stream)) for stream in heads}
            if any(reached[stream].sequence < head.sequence for stream, head in heads.items()):
                continue  # of before the export's beginning, or of another chain
            for stream, head in heads.items():
                async for line in self._events(stream, head, reached[stream].sequence):
                    yield line
            heads = reached
            yield checkpoint_line(checkpoint)

    async def _events(self, stream: str, head: Head, end: int) -> AsyncIterator[Line]:
        if head.sequence >= end:
            return
        hash = bytes.fromhex(head.hash)
        async for batch in JetStreamReader(self._nc, stream, cut=self._archive).read(head.sequence, end):
            for event in batch:
                hash = chain.link(hash, event.sequence, event.subject, event.payload)
                self.events += 1
                yield event_line(stream, event, hash.hex())


async def sealed(nc: Client, subjects: Subjects, seal: str) -> Checkpoint:
    """A checkpoint that the keeper signs now, under a name.

    Raises:
        NoKeeper
    """
    try:
        answer = await nc.request(subjects.new_checkpoint(), seal.encode(), timeout=SEAL_SECONDS)
        return decode(answer.data)
    except (nats.errors.Error, msgspec.MsgspecError) as error:
        raise NoKeeper("the keeper does not sign: is it running? (podium serve keeper)") from error


def _leads_to(checkpoint: Checkpoint, closing: Checkpoint) -> bool:
    """Whether it is of the same key, and no further than the closing one."""
    return checkpoint.key == closing.key and all(
        stream in closing.heads and head.sequence <= closing.heads[stream].sequence
        for stream, head in checkpoint.heads.items()
    )
