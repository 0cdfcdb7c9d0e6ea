"""Which database the read model that answers is in: so that nobody rebuilds another one by mistake."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec
from nats.aio.client import Client
from sqlalchemy.engine import make_url

from podium.contracts.subjects import Subjects
from podium.runtime.wire import listen, unlisten

from .settings import Settings

ANSWER_SECONDS: Final = 0.3


class OtherDatabase(Exception):
    """The read model that answers is not in the database that the settings name."""


def public(url: str) -> str:
    """The address of a database without its password."""
    return make_url(url).render_as_string(hide_password=True)


async def database_to_rebuild(nc: Client, subjects: Subjects, settings: Settings) -> str:
    """The address of the database that the settings name; if they name none, of the one that answers.

    Raises:
        OtherDatabase
    """
    ours = settings.database_url
    served = await _served(nc, subjects)
    if not served or public(ours) in served:
        return ours
    named = settings.model_fields_set & {"database", "data"}
    if not named and len(served) == 1 and _is_here(found := served.pop()):
        return found
    raise OtherDatabase(
        f"the read model that answers is in {' and '.join(sorted(served))}, not in {public(ours)}: "
        "set PODIUM_DATABASE or PODIUM_DATA as it has them"
    )


async def _served(nc: Client, subjects: Subjects) -> set[str]:
    """Where the read models of all processes that answer queries are."""
    found: set[str] = set()

    def take(_subject: str, _reply: str, payload: bytes, _headers: bytes) -> None:
        if payload:
            info: dict[str, Any] = msgspec.json.decode(payload)
            found.add(info.get("metadata", {}).get("database", ""))

    inbox = nc.new_inbox()
    answers = await listen(nc, inbox, take)
    await nc.publish(f"$SRV.INFO.{subjects.prefix}-queries", b"", reply=inbox)
    await asyncio.sleep(ANSWER_SECONDS)
    await unlisten(nc, answers)
    return found - {""}


def _is_here(url: str) -> bool:
    """Whether it is a file on this machine, as far as one can see."""
    found = make_url(url)
    return found.drivername == "sqlite" and Path(found.database or "").parent.is_dir()
