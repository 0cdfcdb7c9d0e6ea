"""Teams and their plans as a part of collaboration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, cast, get_args

from msgspec import Raw, Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.agents import AgentProfile
from podium.contracts.outcomes import Refused
from podium.contracts.teams import (
    TEAM_LIMIT,
    DissolveTeam,
    FormTeam,
    Member,
    PlanAccepted,
    PlanProposed,
    PlanRejected,
    PlanReviewed,
    ProposePlan,
    ReviewPlan,
    TeamCommand,
    TeamDissolved,
    TeamEvent,
    TeamFormed,
    Together,
)
from podium.kernel.decider import Emit, Request

from .book import Plan, Teams
from .cover import Candidate, Choice, choose

if TYPE_CHECKING:
    from podium.contracts.definitions import Definition


class TeamsPart(Part):
    """Its book is `state.teams`; how agents got on with each other is in the book of sessions."""

    name: ClassVar[str] = "teams"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(TeamCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(TeamEvent)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.teams.fold(entity, cast(TeamEvent, event))

    def decide(self, state: CollaborationState, request: Request, now: float) -> list[Emit] | Refused:
        entity, book = request.entity, state.teams
        match cast(TeamCommand, request.command):
            case FormTeam() as command:
                return _form(state, entity, command)
            case DissolveTeam() as command:
                if entity not in book.open:
                    return Refused("unknown_team", f"there is no team {entity}")
                return [Emit(entity, TeamDissolved(command.reason))]
            case ProposePlan() as command:
                return _propose(state, entity, command)
            case ReviewPlan() as command:
                return _review(book, entity, command, request.principal)

    def dump(self, state: CollaborationState) -> bytes:
        return state.teams.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.teams = Teams.load(dumped)


# Teams


def _form(state: CollaborationState, entity: str, command: FormTeam) -> list[Emit] | Refused:
    known = state.teams.open.get(entity)
    if known is not None:
        if (known.goal, known.skills) == (command.goal, command.skills):
            return []
        return Refused("team_exists", f"there is another team {entity}; dissolve it first")
    for place, agent in enumerate(command.candidates):
        if agent not in state.agents:
            path = f"$.candidates[{place}]"
            return Refused("unknown_agent", f"{path}: there is no agent {agent}", {"path": path})
    candidates = list(_candidates(state.agents, command))[:TEAM_LIMIT]
    for skill, level in command.skills.items():
        if not any(skill in one.covers for one in candidates):
            text = f"$.skills.{skill}: nobody has it at {level:g} or better"
            return Refused("no_team", text, {"path": f"$.skills.{skill}", "skill": skill})
    worth = {pair: _worth(command, trust) for pair, trust in state.trust.items()}
    choice = choose(candidates, list(command.skills), command.max_size, worth)
    if choice is None:
        text = f"$.max_size: no {command.max_size} agents were found that have all skills together"
        return Refused("no_team", text, {"path": "$.max_size"})
    return [Emit(entity, _formed(command, candidates, choice, state.trust))]


def _candidates(agents: Mapping[str, AgentProfile], command: FormTeam) -> Iterator[Candidate]:
    """Those that are good enough at anything that is needed, by name."""
    for agent in sorted(command.candidates or agents):
        levels = agents[agent].skills
        covers = tuple(skill for skill, least in command.skills.items() if skill in levels and levels[skill] >= least)
        if covers:
            level = sum(levels[skill] for skill in covers) / len(covers)
            yield Candidate(agent, covers, command.costs.get(agent, 1.0), level)


def _worth(command: FormTeam, trust: float) -> float:
    """Of two who are both in the team: from minus `together`, if nothing went well, to that much."""
    return command.together * (2.0 * trust - 1.0)


def _formed(
    command: FormTeam, candidates: list[Candidate], choice: Choice, trust: Mapping[tuple[str, str], float]
) -> TeamFormed:
    chosen = [one for one in candidates if one.agent in choice.agents]
    reasons = [f"{one.agent} has {', '.join(one.covers)} at a cost of {one.cost:g}" for one in chosen]
    pairs = [
        Together(*pair, trust[pair], round(_worth(command, trust[pair]), 9))
        for pair in combinations(choice.agents, 2)
        if pair in trust
    ]
    reasons += [
        f"{one.agent} and {one.other} did things together that go well with {one.trust:.0%}: {one.worth:+.3g}"
        for one in pairs
    ]
    how = "no team is better" if choice.method == "exact" else f"at most {choice.bound:.3g} times as dear as the best"
    reasons.append(f"{len(candidates)} candidates, chosen by the {choice.method} method: {how}")
    return TeamFormed(
        goal=command.goal,
        skills=command.skills,
        members=[Member(one.agent, list(one.covers), one.cost) for one in chosen],
        cost=choice.cost,
        worth=choice.worth,
        method=choice.method,
        bound=choice.bound,
        reasons=reasons,
        pairs=tuple(pairs),
    )


# Plans


def _propose(state: CollaborationState, entity: str, command: ProposePlan) -> list[Emit] | Refused:
    from podium.contracts.definitions import BadDefinition, read_value, to_json  # a sixth of a start

    team = state.teams.open.get(command.team)
    if team is None:
        return Refused("unknown_team", f"$.team: there is no team {command.team}", {"path": "$.team"})
    try:
        template = read_value(command.template)
    except BadDefinition as bad:
        first = bad.faults[0]
        path = f"$.template{first.path.removeprefix('$')}"
        return Refused("bad_definition", f"{path}: {first.message}", {"path": path})
    given = _given(state.agents, team, template)
    if isinstance(given, Refused):
        return given
    definition = to_json(
        template.model_copy(
            update={
                "tasks": [
                    step.model_copy(update={"agent": given[step.id]}) if step.id in given else step
                    for step in template.tasks
                ]
            }
        )
    )
    known = state.teams.plans.get(entity)
    if known is not None:
        if (known.team, known.digest) == (command.team, bytes(definition).decode()):
            return []
        return Refused("team_plan_exists", f"there is another plan {entity}")
    reviewers = [member.agent for member in team.members]
    return [
        Emit(
            entity,
            PlanProposed(team=command.team, definition=Raw(bytes(definition)), steps=given, reviewers=reviewers),
        )
    ]


def _given(agents: Mapping[str, AgentProfile], team: TeamFormed, template: Definition) -> dict[str, str] | Refused:
    """Step → the member that is best at what it needs; of equals who has fewer steps."""
    load = {member.agent: 0 for member in team.members}
    given: dict[str, str] = {}
    for place, step in enumerate(template.tasks):
        if not step.skills:
            continue
        path = f"$.template.tasks[{place}]"
        fit: dict[str, float] = {}
        for agent in load:
            levels: Any = agents[agent].skills if agent in agents else {}
            if all(skill in levels for skill in step.skills) and step.agent in (None, agent):
                fit[agent] = sum(levels[skill] for skill in step.skills) / len(step.skills)
        if not fit:
            text = f"{path}: no member has {', '.join(step.skills)}"
            return Refused("no_team", text, {"path": path, "step": step.id})
        best = min(fit, key=lambda agent: (-fit[agent], load[agent], agent))
        load[best] += 1
        given[step.id] = best
    return given


def _review(book: Teams, entity: str, command: ReviewPlan, by: str) -> list[Emit] | Refused:
    plan = book.plans.get(entity)
    if plan is None:
        return Refused("unknown_team_plan", f"there is no plan {entity}")
    if by not in plan.reviewers:
        return Refused("not_permitted", f"{by} is not in the team whose plan {entity} is")
    said = (command.accept, command.comment)
    if plan.words.get(by) == said:
        return []
    if plan.state != "proposed":
        return Refused("team_plan_closed", f"plan {entity} is {plan.state}")
    reviewed = Emit(entity, PlanReviewed(member=by, accept=command.accept, comment=command.comment))
    return [reviewed, *_decided(entity, plan, by, command.accept)]


def _decided(entity: str, plan: Plan, by: str, accept: bool) -> list[Emit]:
    """What the last word makes of it."""
    words = {**{member: yes for member, (yes, _) in plan.words.items()}, by: accept}
    if len(words) < len(plan.reviewers):
        return []
    objectors = [member for member in plan.reviewers if not words[member]]
    return [Emit(entity, PlanRejected(objectors) if objectors else PlanAccepted())]
