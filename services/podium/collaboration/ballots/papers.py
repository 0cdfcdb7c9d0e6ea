"""What a voter may put down, and what of it a ballot's method looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from podium.collaboration.counting.profile import MICRO, Paper, Profile
from podium.contracts.ballots import BallotOpened, CastVote
from podium.contracts.outcomes import Refused

Groups = list[list[str]]


def read(spec: BallotOpened, command: CastVote) -> Groups | Refused:
    """The paper as groups of options, the best first; empty if it is blank."""
    given = [name for name in ("choice", "approve", "rank") if getattr(command, name) is not None]
    if len(given) + command.abstain != 1:
        return _bad("give one of choice, approve, rank, or abstain", "$")
    if command.choice is not None:
        groups = [[command.choice]]
    elif command.approve is not None:
        groups = [command.approve] if command.approve else []
    elif command.rank is not None:
        groups = [[place] if isinstance(place, str) else place for place in command.rank]
    else:
        return []
    return _checked(spec, groups, given[0])


def _checked(spec: BallotOpened, groups: Groups, field: str) -> Groups | Refused:
    if not groups:
        return _bad("it names no option; abstain says that it shall name none", f"$.{field}")
    seen: set[str] = set()
    for number, group in enumerate(groups):
        path = f"$.{field}[{number}]" if field == "rank" else f"$.{field}"
        if not group:
            return _bad("the group is empty", path)
        for option in group:
            if option not in spec.options:
                return _bad(f"{option} is no option; there are {', '.join(spec.options)}", path)
            if option in seen:
                return _bad(f"{option} is named twice", path)
            seen.add(option)
    return groups


def profile(spec: BallotOpened, papers: Mapping[str, Groups]) -> Profile:
    """What is counted: the papers of voters, each with its voter's weight."""
    index = {option: number for number, option in enumerate(spec.options)}
    same: Counter[tuple[tuple[tuple[int, ...], ...], int]] = Counter()
    for voter in sorted(papers):
        weight = 1.0 if spec.voters is None else spec.voters[voter]
        groups = tuple(tuple(sorted(index[option] for option in group)) for group in papers[voter])
        same[groups, round(weight * MICRO)] += 1
    rows = [Paper(groups, number, weight) for (groups, weight), number in sorted(same.items())]
    return Profile(spec.options, rows, MICRO)


def _bad(fault: str, path: str) -> Refused:
    return Refused("bad_paper", fault, {"path": path})
