"""`podium relationships`: who gets on with whom, from what agents have done together."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from . import _decisions as decisions
from ._app import Common, Json, Usage, app, run

relationships = App(name="relationships", help="See which agents get on with which, from what they did together.")
app.command(relationships)


@relationships.command(
    name="list",
    help_epilogue="""\
Examples:
  podium relationships list
  podium relationships list --agent echo-1 --least 0.3
  podium relationships list --json | jq '.relationships[] | {agent, other, trust}'""",
)
def list_(
    *,
    agent: str | None = None,
    least: Annotated[float, Parameter(help="strength, 0 to 1 [0]")] = 0.0,
    limit: Annotated[int, Parameter(help="at the most [50]")] = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List who gets on with whom, the strongest first.

    Parameters
    ----------
    agent
        only with this one
    """
    from podium.contracts.relationships import ListRelationships, RelationshipRow

    if not 0.0 <= least <= 1.0:
        raise Usage("--least is a share between 0 and 1")

    def line(row: RelationshipRow) -> str:
        deeds = ", ".join(f"{tie.well:.3g} of {tie.count:.3g} {deed}" for deed, tie in row.deeds.items())
        return (
            f"{row.agent} and {row.other}: trust {row.trust:.0%} ({row.trust_low:.0%} to {row.trust_high:.0%}), "
            f"strength {row.strength:.2f}; went well: {deeds}"
        )

    question = ListRelationships(agent=agent, least=least, limit=limit, fresh=True)
    return run(decisions.listed(common, question, lambda answer: answer.relationships, line, json))


@relationships.command(
    help_epilogue="""\
Example:
  podium relationships show echo-1 echo-2""",
)
def show(agent: str, other: str, /, *, json: Json = False, common: Common = Common()) -> int:
    """Show how two agents get on, and what that rests on.

    Parameters
    ----------
    agent
        one of the two
    other
        the other
    """
    from podium.contracts.relationships import GetRelationship

    return run(decisions.show(common, GetRelationship(agent=agent, other=other, fresh=True), json))
