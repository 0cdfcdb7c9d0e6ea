"""`podium team`: agents that together have all skills, and plans that they review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cyclopts import App

from ._app import Common, Exit, Json, Usage, app, run
from ._saying import ask, show_answer

team = App(name="team", help="Teams of agents that together have all skills, and plans that they review.")
app.command(team)


@team.command(
    help_epilogue="""\
Example:
  podium team form reporters --goal "a report" --skills parse:0.7,write:0.8 --max-size 3""",
)
def form(
    name: str,
    /,
    *,
    goal: str,
    skills: str,
    max_size: int = 10,
    costs: str = "",
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Form the cheapest team of registered agents that has all skills, and say why it is these.

    Parameters
    ----------
    skills
        what is needed, with commas; the least level behind a colon
    costs
        agent:cost, with commas; 1 for all others
    """

    async def send() -> int:
        wanted, prices = _numbers(skills, "--skills", 0.0), _numbers(costs, "--costs", 1.0)
        async with common.client() as client:
            return show_answer(await client.teams.form(name, goal, wanted, max_size=max_size, costs=prices), json)

    return run(send())


def _numbers(text: str, option: str, default: float) -> dict[str, float]:
    """Raises: Usage"""
    found: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.strip().partition(":")
        try:
            found[name] = float(number) if number else default
        except ValueError:
            raise Usage(f"{option}: {number!r} is no number") from None
    return found


@team.command(help_epilogue="Example:\n  podium team show reporters")
def show(name: str, /, *, json: Json = False, common: Common = Common()) -> int:
    """Show a team and its plans."""
    from podium.contracts.team_queries import GetTeam

    return run(ask(common, GetTeam(team=name, fresh=True), json))


@team.command(name="list", help_epilogue="Example:\n  podium team list --json")
def list_(*, json: Json = False, common: Common = Common()) -> int:
    """List the teams that are."""
    from podium.contracts.team_queries import ListTeams

    return run(ask(common, ListTeams(fresh=True), json))


@team.command(help_epilogue="Example:\n  podium team dissolve reporters --reason 'the report is written'")
def dissolve(name: str, /, *, reason: str | None = None, common: Common = Common()) -> int:
    """End a team."""

    async def send() -> int:
        async with common.client() as client:
            await client.teams.dissolve(name, reason)
        return Exit.OK

    return run(send())


@team.command(help_epilogue="Example:\n  podium team propose report-7 reporters report.yaml")
def propose(plan: str, name: str, file: Path, /, *, json: Json = False, common: Common = Common()) -> int:
    """Give the steps of a workflow definition to the members that are best at them, for their review."""
    import msgspec

    from podium.contracts.definitions import BadDefinition, to_json

    from .workflow import read_definition, tell_faults

    async def send() -> int:
        try:
            template: dict[str, Any] = msgspec.json.decode(to_json(read_definition(file)))
        except BadDefinition as bad:
            tell_faults(file, bad)
            return Exit.REFUSED
        async with common.client() as client:
            return show_answer(await client.teams.propose(plan, name, template), json)

    return run(send())


@team.command(help_epilogue="Example:\n  podium team review report-7 --accept --as pen-1")
def review(plan: str, /, *, accept: bool, comment: str = "", common: Common = Common()) -> int:
    """Accept a plan, or object with --no-accept; --as says which member."""

    async def send() -> int:
        async with common.client() as client:
            await client.teams.review(plan, accept=accept, comment=comment)
        return Exit.OK

    return run(send())


@team.command(help_epilogue="""Example:\n  podium team start report-7 --input '{"topic": "tides"}'""")
def start(plan: str, /, *, input: str = "null", common: Common = Common()) -> int:
    """Start the workflow of a plan that all have accepted, and print the run's id."""
    import msgspec

    from podium.client.teams import NotAccepted

    async def send() -> int:
        try:
            value = msgspec.json.decode(input)
        except msgspec.DecodeError as error:
            raise Usage(f"--input: {error}") from error
        async with common.client() as client:
            try:
                print(await client.teams.start(plan, value))
            except NotAccepted as refused:
                from ._app import tell

                tell(str(refused))
                return Exit.REFUSED
        return Exit.OK

    return run(send())
