"""Who was forgotten loses the key: it is overwritten where it lies, and a mark takes its place for good."""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import Final

import msgspec
import nats.errors
from nats.aio.client import Client

from podium.contracts.catalogue import decode_envelope, wire_name
from podium.contracts.forgetting import SubjectForgotten
from podium.contracts.personal import SubjectKey
from podium.contracts.subjects import Subjects
from podium.runtime.jsapi import ApiError, LogMissing, LogUnavailable, call, last_message
from podium.runtime.reading import JetStreamReader

_log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0
STORE_SECONDS: Final = 5.0

_FORGOTTEN: Final = msgspec.json.encode(SubjectKey(None))
_GONE: Final = (10037, 10043, 10057)
"""No such message: somebody else has erased it meanwhile."""


class Forgetting:
    """Reads what the registry has said since the beginning: who is forgotten already is only looked at."""

    def __init__(self, nc: Client, subjects: Subjects) -> None:
        self._nc = nc
        self._subjects = subjects

    async def run(self) -> None:
        """Erase for ever."""
        stream = self._subjects.event_stream("registry")
        filters = self._subjects.event_filters("registry", events=[wire_name(SubjectForgotten)])
        # What was cut is of no interest: a keeper has signed it before, and so has read it.
        reader = JetStreamReader(self._nc, stream, *filters)
        while not await self._is_there(reader):
            await asyncio.sleep(AGAIN_SECONDS)
        async for batch in reader.follow():
            for stored in batch:
                try:
                    subject = decode_envelope(stored.payload).subject
                except msgspec.MsgspecError as error:
                    _log.error("event %d of %s cannot be read and is passed over: %s", stored.sequence, stream, error)
                    continue
                await self._until_forgotten(subject)

    async def _is_there(self, reader: JetStreamReader) -> bool:
        try:
            await reader.last()
        except LogMissing:
            return False
        except LogUnavailable as error:
            _log.info("waiting for the registry's events: %s", error)
            return False
        return True

    async def _until_forgotten(self, subject: str) -> None:
        while True:
            try:
                await forget(self._nc, self._subjects, subject)
            except LogUnavailable as error:
                _log.warning("the key of a data subject that was forgotten is not yet erased: %s", error)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return


async def forget(nc: Client, subjects: Subjects, subject: str) -> None:
    """Erase the key of a data subject, if it has one, and see to it that it never gets another.

    The server writes over an erased message's bytes on its disk. Harmless to repeat.

    Raises:
        LogUnavailable
    """
    stream, place = subjects.key_stream(), subjects.key(subject)
    while True:
        present = await last_message(nc, stream, place)
        if present is not None and base64.b64decode(present.get("data", "")) == _FORGOTTEN:
            return
        if present is not None:
            await _erase(nc, stream, int(present["seq"]))
            _log.info("the key of %s is erased", subject)
        # Nothing is stored over what is there: if a key was made meanwhile, the next round erases it.
        try:
            await nc.request(place, _FORGOTTEN, timeout=STORE_SECONDS)
        except nats.errors.Error as error:
            raise LogUnavailable(f"{stream} does not answer: {error}") from error


async def _erase(nc: Client, stream: str, sequence: int) -> None:
    """Raises: LogUnavailable"""
    try:
        await call(nc, f"STREAM.MSG.DELETE.{stream}", {"seq": sequence})
    except ApiError as error:
        if error.err_code not in _GONE:
            raise LogUnavailable(str(error)) from error
