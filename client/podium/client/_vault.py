"""The keys of data subjects, as far as this user may have them: what it sends is sealed, what it reads is opened.

A key is fetched when it is first needed, and known for a minute: so long a process that has read somebody's data may
still read it after it was forgotten.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, Literal
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import COMMANDS
from podium.contracts.personal import Sealed, SubjectKey, bound, names_subject, personal_places, read_sealed
from podium.contracts.subjects import Subjects

from ._connection import Connection
from ._mail import is_nobody
from ._options import invalid
from ._sealing import cipher, holds_sealed, hole, new_key, replaced, seal, subjects_in, unseal
from .errors import CommandRefused, Erased, NotAllowed, ServiceUnavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KNOWN_SECONDS: Final = 60.0
UNKNOWN_SECONDS: Final = 1.0
KNOWN: Final = 10_000
"""The most keys that are known at a time."""

_REQUEST_SECONDS: Final = 5.0
_TRIES: Final = 20
_AGAIN_SECONDS: Final = 0.1
_DEPTH: Final = 16
"""A value may be sealed for several, one around the other."""

_keys: Final = msgspec.json.Decoder(SubjectKey)


class _Ack(Struct):
    error: dict[str, object] | None = None


_acks: Final = msgspec.json.Decoder(_Ack)


class Vault:
    """Of one connection."""

    def __init__(self, connection: Connection, subjects: Subjects) -> None:
        self._connection = connection
        self._subjects = subjects
        self._known: OrderedDict[str, tuple[AESSIV | Literal["none", "forgotten"], float]] = OrderedDict()

    # What is sent

    async def seal_command(self, service: str, entity: str, name: str, body: bytes) -> bytes:
        """The body of a command with its personal fields sealed, as far as it names a data subject.

        Raises:
            CommandRefused: `invalid`, for a data subject or a value that cannot be sent.
            Erased: the data subject was forgotten.
            ServiceUnavailable, NotAllowed: there is no key to be had.
        """
        kind = COMMANDS.get(service, {}).get(name)
        if kind is None or not names_subject(body):
            return body
        try:
            content = msgspec.json.decode(body)
            places = list(personal_places(kind, entity, content))
            for place in places:
                sealed = read_sealed(place.value)
                if sealed is None or sealed.subject != place.subject:
                    value = msgspec.json.encode(place.value)
                    place.holder[place.key] = await self.seal(
                        value, [place.subject], service, place.entity, place.field
                    )
            return msgspec.json.encode(content) if places else body
        except (msgspec.DecodeError, UnicodeDecodeError):
            return body  # the service says what is wrong with it
        except (ValueError, OverflowError, RecursionError) as error:
            raise invalid(error) from error

    async def seal(self, value: bytes, subjects: Sequence[str], service: str, entity: str, field: str) -> str:
        """A value, in JSON, sealed for each of the subjects, one around the other: who forgets one loses it.

        Raises:
            Erased: one of them was forgotten.
            ServiceUnavailable, NotAllowed: there is no key to be had.
        """
        sealed = ""
        for subject in subjects:
            sealed = seal(await self._key_to_seal(subject), value, bound(subject, service, entity, field))
            value = msgspec.json.encode(sealed)
        return sealed

    # What is read

    async def open(self, json: bytes, seen: set[str] | None = None) -> bytes:
        """The JSON with everything opened for which this user has the key, and a hole where there is none any more.

        What it has no right to, and what was tampered with, stays sealed.

        Args:
            seen: is given all subjects for whom anything was sealed, also within what was opened.
        """
        for _ in range(_DEPTH):
            subjects = subjects_in(json) if holds_sealed(json) else []
            if seen is not None:
                seen.update(subjects)
            await self._fetch(subjects)
            opened = replaced(json, self._value_of)
            if opened == json:
                break
            json = opened
        return json

    def _value_of(self, sealed: Sealed) -> bytes | None:
        key, _ = self._known.get(sealed.subject, ("none", 0.0))
        if key == "forgotten":
            return hole(sealed.subject)
        return None if isinstance(key, str) else unseal(key, sealed)

    async def is_forgotten(self, subject: str) -> bool:
        """Whether its key is erased.

        Raises:
            TimeoutError, ServiceUnavailable, NotAllowed
        """
        return await self._read(subject) == "forgotten"

    # Keys

    async def _fetch(self, subjects: Iterable[str]) -> None:
        """Know of the subjects what can be known."""
        now = time.monotonic()
        wanted = [subject for subject in subjects if self._known.get(subject, ("none", 0.0))[1] <= now]
        for subject, key in zip(wanted, await asyncio.gather(*map(self._look, wanted)), strict=True):
            self._know(subject, key)

    async def _look(self, subject: str) -> AESSIV | Literal["none", "forgotten"]:
        try:
            return await self._read(subject)
        except (NotAllowed, ServiceUnavailable, TimeoutError):
            return "none"

    async def _key_to_seal(self, subject: str) -> AESSIV:
        """The key; made if there is none yet.

        Raises:
            Erased, ServiceUnavailable, NotAllowed
        """
        key, until = self._known.get(subject, ("none", 0.0))
        for _ in range(_TRIES):
            if isinstance(key, str) or until <= time.monotonic():
                try:
                    key = await self._read(subject)
                    if key == "none" and await self._make(subject):
                        continue
                except TimeoutError:
                    raise ServiceUnavailable("nobody says what the key of the data subject is") from None
                if key == "none":
                    await asyncio.sleep(_AGAIN_SECONDS)  # a server that is behind has not heard of it
                    continue
                self._know(subject, key)
            if key == "forgotten":
                raise Erased(subject)
            if not isinstance(key, str):
                return key
        raise ServiceUnavailable(f"the key of {subject} can neither be read nor made")

    async def _read(self, subject: str) -> AESSIV | Literal["none", "forgotten"]:
        """Raises: TimeoutError, ServiceUnavailable, NotAllowed"""
        stream, place = self._subjects.key_stream(), self._key_place(subject)
        answer = await self._connection.request(f"$JS.API.DIRECT.GET.{stream}.{place}", b"", _REQUEST_SECONDS)
        if is_nobody(answer):
            raise ServiceUnavailable("there is no bucket of keys; is podium running?")
        if (answer.headers or {}).get("Nats-Stream") is None:
            return "none"
        try:
            key = _keys.decode(answer.data).key
            return "forgotten" if key is None else cipher(key)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ServiceUnavailable(f"the key of {subject} cannot be read: {error}") from error

    async def _make(self, subject: str) -> bool:
        """Whether it is made; not if there was one already."""
        key = msgspec.json.encode(SubjectKey(new_key()))
        answer = await self._connection.request(self._key_place(subject), key, _REQUEST_SECONDS)
        if is_nobody(answer):
            raise ServiceUnavailable("there is no bucket of keys; is podium running?")
        return _acks.decode(answer.data).error is None

    def _key_place(self, subject: str) -> str:
        """Raises: CommandRefused for a subject that is no name."""
        try:
            return self._subjects.key(subject)
        except ValueError as error:
            raise CommandRefused("invalid", f"$.data_subject: {error}", {"path": "$.data_subject"}) from error

    def _know(self, subject: str, key: AESSIV | Literal["none", "forgotten"]) -> None:
        seconds = UNKNOWN_SECONDS if key == "none" else KNOWN_SECONDS
        self._known[subject] = (key, time.monotonic() + seconds)
        self._known.move_to_end(subject)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)


_vaults: Final[WeakKeyDictionary[Connection, Vault]] = WeakKeyDictionary()


def vault_of(connection: Connection, subjects: Subjects) -> Vault:
    """The one vault of a connection."""
    vault = _vaults.get(connection)
    if vault is None:
        vault = _vaults[connection] = Vault(connection, subjects)
    return vault


async def opened(connection: Connection, subjects: Subjects, json: bytes) -> bytes:
    """As `Vault.open`; where nothing is sealed, it costs a look."""
    return await vault_of(connection, subjects).open(json) if holds_sealed(json) else json
