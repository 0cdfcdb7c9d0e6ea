"""`podium query`: a question to the read models, as tables for people or JSON for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._app import Common, Exit, Json, Usage, app, run

if TYPE_CHECKING:
    from podium.client import Difference
    from podium.contracts.queries import Query
    from podium.contracts.query import AsOf
    from podium.contracts.subjects import Subjects


@app.command(
    help_epilogue="""\
Examples:
  podium query tasks.list phase=queued,running limit=20
  podium query tasks.why task_id=t1
  podium query agents.list --json | jq .agents[].agent_id
  podium query tasks.get '{"task_id": "t1", "fresh": true}'
  podium query system.overview --as-of 2026-05-12T14:30
  podium query agents.list --as-of 1841 --diff now

Exit codes: 0 answered, 1 the query failed (such as not_found), 2 nobody answers or bad arguments.""",
)
def query(
    name: str = "",
    /,
    *fields: str,
    as_of: str | None = None,
    diff: str | None = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Ask a query and print the answer; without a name, list the queries.

    Parameters
    ----------
    name
        such as tasks.list
    fields
        key=value (lists with commas), or one JSON object
    as_of
        as of then: 10m ago (s, m, h, d), an ISO 8601 time, or a sequence of the router's stream (1841) or another's
        (health:12)
    diff
        print how the answer as of this other moment, or now, differs
    """
    return run(_query(name, fields, as_of, diff, json, common))


async def _query(
    name: str, fields: tuple[str, ...], as_of: str | None, diff: str | None, json: bool, common: Common
) -> int:
    import msgspec

    from podium.client._asking import GRACE_SECONDS, PAST_SECONDS, ask_raw

    if not name:
        _list_queries()
        return Exit.OK
    asked = _read(name, fields)
    async with common.client() as client:
        if as_of is not None:
            asked = msgspec.structs.replace(asked, as_of=_moment("--as-of", as_of, client.subjects))
        if diff is not None:
            if asked.as_of is None:
                raise Usage("--diff needs --as-of: what is compared")
            other = None if diff == "now" else _moment("--diff", diff, client.subjects)
            _show_differences(await client.compare(asked, asked.as_of, other), json)
            return Exit.OK
        grace = GRACE_SECONDS if asked.as_of is None else PAST_SECONDS
        answer = await ask_raw(client.connection, client.subjects, name, msgspec.json.encode(asked), asked.wait + grace)
    if json:
        print(answer.decode())
    elif not sys.stdout.isatty():
        print(msgspec.json.format(answer, indent=2).decode())
    else:
        from . import _tables

        _tables.show(msgspec.json.decode(answer))
    return Exit.OK


def _show_differences(differences: list[Difference], json: bool) -> None:
    import msgspec
    from rich.console import Console
    from rich.text import Text

    from ._words import in_short

    if json:
        print(msgspec.json.encode(differences).decode())
        return
    console = Console(highlight=False, soft_wrap=True)

    def value(path: str, part: Any) -> str:
        return "–" if part is None else in_short(path.rpartition(".")[2], part, 100)

    for found in differences:
        before, after = value(found.path, found.before), value(found.path, found.after)
        console.print(Text.assemble((f"{found.path}: ", "cyan"), before, " → ", after))
    if not differences:
        console.print("nothing changed", style="dim")


def _moment(option: str, text: str, subjects: Subjects) -> AsOf:
    """Raises: Usage"""
    from ._reading import BadFields, read_as_of

    try:
        return read_as_of(text, subjects)
    except BadFields as error:
        raise Usage(f"{option}: {error}") from error


def _list_queries() -> None:
    from podium.contracts.queries import QUERIES

    from ._reading import fields_of

    for name, kind in QUERIES.items():
        print(f"{name:<16} {' '.join(fields_of(kind))}")


def _read(name: str, fields: tuple[str, ...]) -> Query:
    """Raises: Usage."""
    from podium.contracts.queries import QUERIES

    from ._reading import BadFields, read_fields

    kind = QUERIES.get(name)
    if kind is None:
        raise Usage(f"there is no query {name!r}; the queries are {', '.join(QUERIES)}")
    try:
        return read_fields(kind, fields)
    except BadFields as error:
        raise Usage(f"{name}: {error}") from error
