"""`podium query`: a question to the read models, as tables for people or JSON for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ._app import Common, Exit, Json, Usage, app, run

if TYPE_CHECKING:
    from podium.contracts.queries import Query


@app.command(
    help_epilogue="""\
Examples:
  podium query tasks.list phase=queued,running limit=20
  podium query tasks.why task_id=t1
  podium query agents.list --json | jq .agents[].agent_id
  podium query tasks.get '{"task_id": "t1", "fresh": true}'

Exit codes: 0 answered, 1 the query failed (such as not_found), 2 nobody answers or bad arguments.""",
)
def query(name: str = "", /, *fields: str, json: Json = False, common: Common = Common()) -> int:
    """Ask a query and print the answer; without a name, list the queries.

    Parameters
    ----------
    name
        such as tasks.list
    fields
        key=value (lists with commas), or one JSON object
    """
    return run(_query(name, fields, json, common))


async def _query(name: str, fields: tuple[str, ...], json: bool, common: Common) -> int:
    import msgspec

    from podium.client._asking import GRACE_SECONDS, ask_raw

    if not name:
        _list_queries()
        return Exit.OK
    asked = _read(name, fields)
    async with common.client() as client:
        answer = await ask_raw(
            client.connection, client.subjects, name, msgspec.json.encode(asked), asked.wait + GRACE_SECONDS
        )
    if json:
        print(answer.decode())
    elif not sys.stdout.isatty():
        print(msgspec.json.format(answer, indent=2).decode())
    else:
        from . import _tables

        _tables.show(msgspec.json.decode(answer))
    return Exit.OK


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
