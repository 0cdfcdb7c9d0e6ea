"""A team through all of podium: formed, asked, and its plan started once all have accepted it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from podium.client import Agent, Client, CommandRefused, Task, workflows
from podium.client.teams import NotAccepted, checked, divide, sequence
from podium.contracts.definitions import read_value
from podium.contracts.team_queries import ListTeams, TeamRow
from tests.podium_system import Podium

SECONDS = 60.0


def test_templates_are_whole_definitions():
    for template in (sequence("a", ["x", "y", "x"]), divide("b", "x", "y", "z"), checked("c", "x", "y")):
        assert read_value(template).id == template["id"]


async def formed(client: Client, skills: list[str]) -> TeamRow:
    """Collaboration hears of new agents a moment after the registry."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await client.teams.form("reporters", "a report", dict.fromkeys(skills, 0.8), max_size=2)
            except CommandRefused as refused:
                assert refused.code == "no_team"
                await asyncio.sleep(0.1)


async def test_a_plan_starts_when_all_have_accepted_it(shared_podium: Podium):
    stop = asyncio.Event()
    agents = {"team-parser": "team-parse", "team-writer": "team-write"}
    serving: list[asyncio.Task[None]] = []
    for name, skill in agents.items():
        agent, ready = Agent(name), asyncio.Event()

        @agent.skill(skill, level=0.9)
        async def work(task: Task, name: str = name) -> Any:
            return [name, task.input]

        serving.append(asyncio.create_task(agent.serve(shared_podium.url, stop=stop, ready=ready.set)))
        await asyncio.wait_for(ready.wait(), SECONDS)
    async with Client(shared_podium.url, "boss", timeout=SECONDS) as client:
        team = await formed(client, list(agents.values()))
        assert [member.agent for member in team.members] == sorted(agents)
        plan = await client.teams.propose("report-7", "reporters", sequence("report", list(agents.values())))
        assert list(plan.steps.values()) == list(agents)
        with pytest.raises(NotAccepted):
            await client.teams.start("report-7", 1)
        for member in agents:
            async with Client(shared_podium.url, member, timeout=SECONDS) as one:
                await one.teams.review("report-7", accept=True, comment="good")
        run = await client.teams.start("report-7", 1)
        assert await workflows.result(client, run) == {"2-team-write": ["team-writer", ["team-parser", 1]]}
        found = await client.teams.plan("report-7")
        assert (found.state, found.waiting, len(found.reviews)) == ("accepted", [], 2)
        await client.teams.dissolve("reporters")
        assert not (await client.query(ListTeams(fresh=True))).teams
    stop.set()
    await asyncio.gather(*serving)
