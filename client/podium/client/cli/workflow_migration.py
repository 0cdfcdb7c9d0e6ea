"""`podium workflow migrate`: open runs go on with another version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ._app import Common, Exit, Json, run, tell
from ._saying import show_json
from .workflow import workflow

if TYPE_CHECKING:
    from podium.client import Client
    from podium.contracts.workflow_insights import Migratable, MigrationAnswer


@workflow.command(
    help_epilogue="""\
Examples:
  podium workflow migrate paper --dry-run
  podium workflow migrate paper 3
  podium workflow migrate paper 3 --run paper-7

Exit codes: 0 all that were asked for have moved or could move, 1 some cannot, 2 no server.""",
)
def migrate(
    name: str,
    version: int | None = None,
    /,
    *,
    only: Annotated[list[str] | None, Parameter(name="--run", help="this run alone; may be given again")] = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List which open runs can go on with another version, and why others cannot; then move them.

    A run can move if all that it has begun is as it was.

    Parameters
    ----------
    name
        of the workflow
    version
        the newest by default
    dry_run
        list them, and move none
    """
    return run(_migrate(name, version, only or [], dry_run, json, common))


async def _migrate(name: str, version: int | None, only: list[str], dry_run: bool, json: bool, common: Common) -> int:
    import msgspec

    async with common.client() as client:
        answer, rows = await _all(client, name, version)
        rows = [row for row in rows if not only or row.run_id in only]
        results = {row.run_id: await _move(client, row, answer.version, dry_run) for row in rows}
    missing = [run_id for run_id in only if run_id not in results]
    if json:
        runs = [msgspec.to_builtins(row) | {"result": results[row.run_id]} for row in rows]
        content = {"workflow": name, "version": answer.version, "current": answer.current, "runs": runs}
        show_json(content)
    else:
        from . import _tables

        facts = {"workflow": name, "version": answer.version, "there already": answer.current}
        table = [
            {"run_id": row.run_id, "from": row.version, "result": results[row.run_id], "why": "; ".join(row.obstacles)}
            for row in rows
        ]
        _tables.show({**facts, "open runs": table})
    for run_id in missing:
        tell(f"there is no open run {run_id} of another version of {name}")
    good = {"moved", "can move"}
    return Exit.OK if not missing and good.issuperset(results.values()) else Exit.REFUSED


async def _all(client: Client, name: str, version: int | None) -> tuple[MigrationAnswer, list[Migratable]]:
    from podium.contracts.workflow_insights import ListMigration

    found: list[Migratable] = []
    cursor: str | None = None
    while True:
        asked = ListMigration(workflow=name, version=version, limit=500, cursor=cursor, fresh=cursor is None)
        answer = await client.query(asked)
        found += answer.runs
        version, cursor = answer.version, answer.next
        if cursor is None:
            return answer, found


async def _move(client: Client, row: Migratable, version: int, dry_run: bool) -> str:
    """What came of it; the router judges anew, for the run goes on meanwhile."""
    from podium.client import CommandRefused
    from podium.contracts.workflows import MigrateWorkflow

    if row.obstacles:
        return "cannot move"
    if dry_run:
        return "can move"
    try:
        await client.send("router", row.run_id, MigrateWorkflow(version))
    except CommandRefused as refused:
        return f"refused: {refused.message}"
    return "moved"
