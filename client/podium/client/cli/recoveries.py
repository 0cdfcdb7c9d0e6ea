"""`podium recoveries`: what was done about what has failed, and by which plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ._app import Common, Exit, Json, Limit, app, run
from ._saying import show_json

if TYPE_CHECKING:
    from msgspec import Struct


@app.command(
    help_epilogue="""\
Examples:
  podium recoveries
  podium recoveries --open --json
  podium recoveries --plans""",
)
def recoveries(
    *,
    under_way: Annotated[bool, Parameter(name="--open", negative=())] = False,
    plans: Annotated[bool, Parameter(negative=())] = False,
    limit: Limit = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List what was done about lost agents, stalled and failed work, the newest first.

    Parameters
    ----------
    under_way
        only those that go on
    plans
        the plans that were defined instead, in the order in which they are looked at
    """
    return run(_recoveries(under_way, plans, limit, json, common))


async def _recoveries(under_way: bool, plans: bool, limit: int, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.health_queries import ListPlans, ListRecoveries

    async with common.client() as client:
        answer: Struct
        if plans:
            answer = await client.query(ListPlans(fresh=True))
        else:
            answer = await client.query(ListRecoveries(open=True if under_way else None, limit=limit, fresh=True))
    if json:
        return show_json(answer)
    from . import _tables

    shown = msgspec.to_builtins(answer)
    for row in shown.get("recoveries", ()):
        taken, steps = row.pop("taken", 0), row.pop("steps")
        row["tasks"] = ", ".join(charge["task"] for charge in row.pop("charges"))
        row["steps"] = f"{taken} of {len(steps)}"
        for name in ("left", "ended_at"):
            row.pop(name, None)
    for row in shown.get("plans", ()):
        row["steps"] = ", ".join(step["action"] for step in row["steps"])
    _tables.show(shown)
    return Exit.OK
