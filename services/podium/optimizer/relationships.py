"""Who gets on with whom: what agents did together, with older deeds counting less."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterator
from itertools import islice
from typing import Final, Literal

import msgspec
from msgspec import Struct, field

from podium.contracts.relationships import Deed, Relationship, RelationshipsChanged, Tie
from podium.kernel.decider import Emit

from .deeds import Deeds, Done
from .settings import OptimizerSettings
from .success import Belief

PAIRS_KEPT: Final = 20_000
"""Pairs of agents; those that did something together longest ago are forgotten first."""

_PAIRS_AT_ONCE: Final = 500
_FAMILIAR: Final = 10.0
"""Deeds after which a relationship is half as strong as one can be."""
_WEIGHTS: Final[dict[Deed, float]] = {
    "session": 1.0,
    "handover": 1.0,
    "step": 1.0,
    "help": 1.0,
    "vote": 0.25,
    "message": 0.25,
}
"""For how much a deed counts in trust and strength: an answer, or the same opinion, says less than work done."""
_NEWS: Final = 0.02
_NEWS_COUNT: Final = 1.1

Pair = tuple[str, str]


class Tally(Struct, gc=False, array_like=True):
    """Deeds of one sort: how many, and how many went well, faded until the newest (seconds since the epoch, UTC)."""

    at: float
    count: float = 0.0
    well: float = 0.0

    def add(self, well: bool, at: float, half_life: float) -> None:
        keep = 0.5 ** (max(0.0, at - self.at) / half_life)
        self.at = max(self.at, at)
        self.count = keep * self.count + 1.0
        self.well = keep * self.well + well

    def faded(self, at: float, half_life: float) -> Tie:
        keep = 0.5 ** (max(0.0, at - self.at) / half_life)
        return Tie(keep * self.count, keep * self.well)


Bonds = OrderedDict[Pair, dict[Deed, Tally]]
"""By two agents, the one that comes first by name first; those that did something last are last."""


class _Dump(Struct, frozen=True):
    format: Literal["optimizer-relationships-1"]
    deeds: bytes
    talk: list[tuple[Pair, dict[Deed, Tally]]]
    work: list[tuple[Pair, dict[Deed, Tally]]]


class Relationships:
    """Observed: changed by `read` and `attempted` alone.

    What collaboration and what the router tell is kept apart, for nothing says in what order the two come in a replay.

    Attributes:
        talk: from collaboration's events.
        work: from the router's.
        changed: pairs that nobody has looked at yet.
    """

    def __init__(self, settings: OptimizerSettings) -> None:
        self.talk: Bonds = OrderedDict()
        self.work: Bonds = OrderedDict()
        self.changed: dict[Pair, None] = {}
        self._deeds = Deeds()
        self._half_life = settings.relationship_half_life

    def read(self, entity: str, fact: Struct, at: float) -> None:
        self._fold(self.talk, self._deeds.read(entity, fact), at)

    def attempted(self, task: str, agent: str, ok: bool, at: float) -> None:
        self._fold(self.work, self._deeds.attempted(task, agent, ok), at)

    def between(self, one: str, other: str) -> Relationship:
        """As it is said: all deeds as much faded as the newest one asks for.

        Trust is a Beta posterior with one deed of either outcome assumed beforehand (Laplace's rule of succession).
        """
        pair = (one, other)
        tallies: dict[Deed, Tally] = {**self.talk.get(pair, {}), **self.work.get(pair, {})}
        newest = max(tally.at for tally in tallies.values())
        ties: dict[Deed, Tie] = {deed: tally.faded(newest, self._half_life) for deed, tally in tallies.items()}
        count = sum(_WEIGHTS[deed] * tie.count for deed, tie in ties.items())
        well = sum(_WEIGHTS[deed] * tie.well for deed, tie in ties.items())
        belief = Belief(1.0 + well, 1.0 + max(0.0, count - well))
        return Relationship(other, count / (count + _FAMILIAR), belief.mean, *belief.interval(), ties)

    def _fold(self, bonds: Bonds, done: Iterator[Done], at: float) -> None:
        for one, other, deed, well in done:
            pair = (one, other) if one < other else (other, one)
            tallies = bonds.setdefault(pair, {})
            bonds.move_to_end(pair)
            tally = tallies.get(deed)
            if tally is None:
                tally = tallies[deed] = Tally(at)
            tally.add(well, at, self._half_life)
            self.changed[pair] = None
            if len(bonds) > PAIRS_KEPT:
                bonds.popitem(last=False)

    def dump(self) -> bytes:
        """Equal ones give equal bytes."""
        talk, work = list(self.talk.items()), list(self.work.items())
        return msgspec.msgpack.encode(_Dump("optimizer-relationships-1", self._deeds.dump(), talk, work))

    def load(self, dumped: bytes) -> None:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        self._deeds = Deeds.load(content.deeds)
        self.talk, self.work = OrderedDict(content.talk), OrderedDict(content.work)
        self.changed = dict.fromkeys([*self.talk, *self.work])


class Said(Struct):
    """Folded from the optimizer's own events: how two agents were last said to get on."""

    known: dict[str, dict[str, Relationship]] = field(default_factory=dict[str, dict[str, Relationship]])
    count: int = 0

    def fold(self, agent: str, event: RelationshipsChanged) -> None:
        """Of too many, those of the agent that something was said of longest ago are forgotten."""
        others = self.known.pop(agent, {})
        self.count -= len(others)
        others.update((one.other, one) for one in event.relationships)
        self.known[agent] = others
        self.count += len(others)
        while self.count > PAIRS_KEPT and len(self.known) > 1:
            oldest = next(iter(self.known))
            self.count -= len(self.known.pop(oldest))


def look(
    relationships: Relationships, said: Said, agents: Container[str], settings: OptimizerSettings
) -> Iterator[Emit]:
    """What has changed enough to be said, of these agents: others have a word, too, and are none."""
    news: dict[str, list[Relationship]] = {}
    for pair in list(islice(relationships.changed, _PAIRS_AT_ONCE)):
        del relationships.changed[pair]
        one, other = pair
        known = pair in relationships.talk or pair in relationships.work
        if not known or one not in agents or other not in agents:
            continue
        now = relationships.between(one, other)
        before = said.known.get(one, {}).get(other)
        if before is None or _is_news(before, now):
            news.setdefault(one, []).append(now)
    for agent, others in news.items():
        event = RelationshipsChanged(half_life=settings.relationship_half_life, relationships=others)
        yield Emit(agent, event)


def _is_news(before: Relationship, now: Relationship) -> bool:
    if abs(before.trust - now.trust) > _NEWS or abs(before.strength - now.strength) > _NEWS:
        return True
    if before.deeds.keys() != now.deeds.keys():
        return True
    return any(tie.count > _NEWS_COUNT * before.deeds[deed].count for deed, tie in now.deeds.items())
