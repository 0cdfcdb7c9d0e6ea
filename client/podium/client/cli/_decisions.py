"""What the commands about decisions share: sending, showing, listing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import App, Parameter

from . import _saying
from ._app import Common, Exit, Json, Limit, Usage, run

if TYPE_CHECKING:
    from msgspec import Struct


async def send(common: Common, entity: str, command: Struct | tuple[str, Any], done: str) -> int:
    """Send it to collaboration, and say that it is done or was so already."""
    return await _saying.send(common, "collaboration", entity, command, done)


def show_and_list(
    group: App,
    noun: str,
    example: str,
    *,
    shown: str,
    one: Callable[[str], Any],
    several: Callable[[bool | None, int], Any],
    line: Callable[[Any], str],
    which: str = "under way",
    receipt: Callable[[Any], Iterable[str]] = lambda answer: (),
) -> None:
    """Give a group its `show` and its `list`.

    Args:
        noun: in one word; with an s it is the field of the answer that has the rows.
        example: a name of one.
        shown: what `show` shows, for its help.
        one: name → the query for it.
        several: open (None for all) and how many → the query that lists them.
        line: a row as a line.
        which: those that are listed without --all.
        receipt: lines that `show` says below the answer.
    """

    def show_one(name: str, /, *, json: Json = False, common: Common = Common()) -> int:
        return run(show(common, one(name), json, noun, receipt))

    def list_some(
        *,
        also_over: Annotated[bool, Parameter(name="--all", negative=())] = False,
        limit: Limit = 50,
        json: Json = False,
        common: Common = Common(),
    ) -> int:
        query = several(None if also_over else True, limit)
        return run(listed(common, query, lambda answer: getattr(answer, f"{noun}s"), line, json))

    program = group.name[0]
    show_one.__doc__ = f"Show a {noun}: {shown}.\n\nParameters\n----------\nname\n    of the {noun}"
    list_some.__doc__ = (
        f"List the {noun}s that are {which}, the newest first.\n\n"
        f"Parameters\n----------\nalso_over\n    those that are over as well\nlimit\n    how many"
    )
    group.command(name="show", help_epilogue=f"Example:\n  podium {program} show {example}")(show_one)
    group.command(name="list", help_epilogue=f"Example:\n  podium {program} list --all")(list_some)


async def show(
    common: Common,
    query: Any,
    json: bool,
    noun: str | None = None,
    receipt: Callable[[Any], Iterable[str]] = lambda answer: (),
) -> int:
    """Ask, and show the answer whole: first what it says of the noun, if it has one, and in the end the receipt."""
    async with common.client() as client:
        answer = await client.query(query)
    if json:
        return _saying.show_json(answer)
    import msgspec

    from . import _tables

    content = msgspec.to_builtins(answer)
    if noun is not None:
        content = {**content.pop(noun), **content}
    lines = list(receipt(answer))
    if lines:
        del content["count"]  # the lines say it in words
    _tables.show(content)
    print(*lines, sep="\n", end="\n" if lines else "")
    return Exit.OK


async def listed(
    common: Common, query: Any, rows: Callable[[Any], Sequence[Any]], line: Callable[[Any], str], json: bool
) -> int:
    """Ask, and show a line for each row."""
    async with common.client() as client:
        answer = await client.query(query)
    if json:
        return _saying.show_json(answer)
    for row in rows(answer):
        print(line(row))
    if not rows(answer):
        print("none")
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
