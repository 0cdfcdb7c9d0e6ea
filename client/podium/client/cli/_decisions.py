"""What the commands about decisions share: sending, showing, listing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ._app import Common, Exit, Usage

if TYPE_CHECKING:
    from msgspec import Struct


async def send(common: Common, entity: str, command: Struct | tuple[str, Any], done: str) -> int:
    """Send it, and say that it is done or was so already."""
    async with common.client() as client:
        outcome = await client.send("collaboration", entity, command)
    print(f"{done}  {entity}" if outcome.events else f"{entity}: it was so already")
    sys.stdout.flush()
    return Exit.OK


async def show(common: Common, query: Any, json: bool) -> int:
    """Ask, and show the answer whole."""
    async with common.client() as client:
        return print_answer(await client.query(query), json)


async def listed(
    common: Common, query: Any, rows: Callable[[Any], Sequence[Any]], line: Callable[[Any], str], json: bool
) -> int:
    """Ask, and show a line for each row."""
    async with common.client() as client:
        answer = await client.query(query)
    if json:
        return print_answer(answer, json)
    for row in rows(answer):
        print(line(row))
    return Exit.OK


def print_answer(answer: Struct, json: bool) -> int:
    import msgspec

    if json:
        print(msgspec.json.encode(answer).decode())
    else:
        from . import _tables

        _tables.show(msgspec.to_builtins(answer))
    return Exit.OK


def pairs(words: Sequence[str]) -> dict[str, str]:
    """`price=low` as a mapping. Raises: Usage."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or not value:
            raise Usage(f"{word!r} is not of the form name=value")
        found[name] = value
    return found


def body(file: str) -> dict[str, Any]:
    """A JSON or YAML file with a mapping, `@-` for the standard input. Raises: Usage."""
    import yaml

    try:
        if file == "@-":
            content: Any = yaml.safe_load(sys.stdin)
        else:
            content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Usage(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise Usage(f"{file} holds no mapping")
    return cast("dict[str, Any]", content)
