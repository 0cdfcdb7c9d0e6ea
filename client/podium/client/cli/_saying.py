"""What most commands do: send one command and say what came of it, or ask one question and show the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._app import Common, Exit

if TYPE_CHECKING:
    from msgspec import Struct

    from podium.client._asking import Asks


async def send(common: Common, service: str, entity: str, command: Struct | tuple[str, Any], done: str) -> int:
    """Send it, and say that it is done or was so already; nothing if `done` is empty."""
    async with common.client() as client:
        outcome = await client.send(service, entity, command)
    if done:
        print(f"{done}  {entity}" if outcome.events else f"{entity}: it was so already", flush=True)
    return Exit.OK


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those fields of a command that are."""
    return {name: value for name, value in fields.items() if value is not None}


async def ask(common: Common, query: Asks[Struct], json: bool) -> int:
    """Show the answer as tables, or as JSON."""
    async with common.client() as client:
        answer = await client.query(query)
    return show_answer(answer, json)


def show_answer(answer: Struct, json: bool) -> int:
    """As tables, or as JSON."""
    if json:
        return show_json(answer)
    import msgspec

    from . import _tables

    # By way of JSON, because an answer may hold JSON that was never decoded.
    _tables.show(msgspec.json.decode(msgspec.json.encode(answer)))
    return Exit.OK


def show_json(answer: object) -> int:
    """As JSON on one line, for programs."""
    import msgspec

    print(msgspec.json.encode(answer).decode())
    return Exit.OK
