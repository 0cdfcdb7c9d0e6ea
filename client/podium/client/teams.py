"""Teams in Python: agents that together have all skills, and plans that they review before they are started.

team = await client.teams.form("reporters", "a report", {"parse": 0.7, "write": 0.8})
await client.teams.propose("report-7", "reporters", sequence("report", ["parse", "write"]))
run_id = await client.teams.start("report-7", {"topic": "tides"})      # once all members have accepted it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from podium.contracts.definitions import BadDefinition, read_value
from podium.contracts.team_queries import GetTeam, GetTeamPlan, TeamPlanRow, TeamRow
from podium.contracts.teams import DissolveTeam, FormTeam, ProposePlan, ReviewPlan

from . import workflows
from ._options import invalid
from .errors import PodiumError

if TYPE_CHECKING:
    from ._client import Client

Template = dict[str, Any]
"""A workflow definition whose steps name skills, not agents."""


class NotAccepted(PodiumError):
    """A plan was to be started that its reviewers have not accepted."""

    def __init__(self, plan: TeamPlanRow) -> None:
        waits = f"; there is no word yet from {', '.join(plan.waiting)}" if plan.waiting else ""
        super().__init__(f"plan {plan.plan} is {plan.state}{waits}")
        self.plan = plan


def sequence(id: str, skills: Sequence[str]) -> Template:
    """One step after the other, each with the output of the one before."""
    steps = [
        {
            "id": f"{number}-{skill}",
            "skills": [skill],
            "dependencies": [f"{number - 1}-{skills[number - 2]}"] if number > 1 else [],
            "input": "${input}" if number == 1 else f'${{steps["{number - 1}-{skills[number - 2]}"].output}}',
        }
        for number, skill in enumerate(skills, 1)
    ]
    return {"id": id, "tasks": steps}


def divide(id: str, split: str, work: str, merge: str) -> Template:
    """One makes a list of parts, all parts are done side by side, and one puts them together."""
    return {
        "id": id,
        "tasks": [
            {"id": "split", "skills": [split], "input": "${input}"},
            {
                "id": "work",
                "dependencies": ["split"],
                "for_each": "steps.split.output",
                "skills": [work],
                "input": "${item}",
            },
            {"id": "merge", "dependencies": ["work"], "skills": [merge], "input": "${steps.work.output}"},
        ],
    }


def checked(id: str, produce: str, check: str) -> Template:
    """One produces, another looks at it, and the first one makes it better by what was found."""
    found = {"draft": "${steps.produce.output}", "findings": "${steps.check.output}"}
    return {
        "id": id,
        "tasks": [
            {"id": "produce", "skills": [produce], "input": "${input}"},
            {"id": "check", "dependencies": ["produce"], "skills": [check], "input": "${steps.produce.output}"},
            {"id": "revise", "dependencies": ["produce", "check"], "skills": [produce], "input": found},
        ],
    }


class Teams:
    """`client.teams`. Errors of what it sends are those of `Client.send`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def form(
        self,
        team: str,
        goal: str,
        skills: Mapping[str, float],
        *,
        max_size: int = 10,
        costs: Mapping[str, float] | None = None,
        candidates: Sequence[str] = (),
        together: float = 0.1,
    ) -> TeamRow:
        """Form a team of registered agents; for the words see `FormTeam`.

        Raises:
            CommandRefused: `no_team`, `team_exists`, `unknown_agent`.
        """
        fields: dict[str, Any] = {"goal": goal, "skills": dict(skills), "max_size": max_size, "costs": costs or {}}
        try:
            command = msgspec.convert(fields | {"candidates": list(candidates), "together": together}, FormTeam)
        except (TypeError, ValueError) as error:
            raise invalid(error) from error
        await self._client.send("collaboration", team, command)
        return (await self._client.query(GetTeam(team=team, fresh=True))).team

    async def dissolve(self, team: str, reason: str | None = None) -> None:
        await self._client.send("collaboration", team, DissolveTeam(reason))

    async def propose(self, plan: str, team: str, template: Template) -> TeamPlanRow:
        """Give the template's steps to members, for all members to review.

        Raises:
            CommandRefused: `bad_definition`, `no_team`, `unknown_team`, `team_plan_exists`.
        """
        await self._client.send("collaboration", plan, ProposePlan(team=team, template=template))
        return await self.plan(plan)

    async def review(self, plan: str, *, accept: bool, comment: str = "") -> None:
        """The client's principal, a member, accepts or objects."""
        await self._client.send("collaboration", plan, ReviewPlan(accept, comment))

    async def plan(self, plan: str) -> TeamPlanRow:
        """Raises: QueryFailed, ServiceUnavailable."""
        return (await self._client.query(GetTeamPlan(plan=plan, fresh=True))).plan

    async def start(self, plan: str, input: object = None) -> str:
        """Start the workflow of an accepted plan, and return the run's id, which is the plan's: so it is started once.

        Raises:
            NotAccepted: its reviewers have not accepted it.
        """
        found = await self.plan(plan)
        if found.state != "accepted":
            raise NotAccepted(found)
        try:
            definition = read_value(msgspec.json.decode(found.definition))
        except BadDefinition as bad:
            raise PodiumError(f"the workflow of plan {plan} cannot be read: {bad}") from bad
        await workflows.define(self._client, definition)
        return await workflows.start(self._client, definition.id, input, run_id=plan)
