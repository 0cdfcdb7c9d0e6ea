"""The agents as arrays, a place for each: an index, made from what is known of them and always remakeable.

Whoever is not registered, silent, or has no free slot costs infinitely much, so that one subtraction and
one argmax find the best agent of all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from podium.contracts.agents import AgentProfile
from podium.contracts.tasks import Strategy

from .agents import Beat, Hands, Track
from .amounts import Amounts
from .arrays import INFINITE, LACKS, Bools, Floats, longer
from .parts import Parts
from .settings import RouterSettings

SKILLS_KEPT: Final = 256
"""How many have an array; those asked for last."""

_NOTHING: Final = Hands({}, {})
_UNHEARD: Final = Beat(0.0)
_NO_TRACK: Final = Track()


class Fleet:
    """Reads the parts that it is given and never changes them.

    Attributes:
        names: place → agent; a place that an agent has left is used again.
        likes: place → a number for those that are said to be alike: see `_likeness`.
        version: changes with anything that a task could require of an agent.
        amounts: of resources.
        freed: places where something came free since the last look.
        scores, mask: room for one decision.
    """

    def __init__(self, settings: RouterSettings, parts: Parts) -> None:
        self._profiles, self._beats = parts.profiles, parts.beats
        self._hands, self._tracks, self._holds = parts.book.hands, parts.book.tracks, parts.holds
        self._weights = settings.load_cpu, settings.load_memory, settings.load_active, settings.load_response
        self._unit, self._load_weight = settings.response_unit, 1.0 - settings.skill_weight
        self.names: list[str] = []
        self.places: dict[str, int] = {}
        self.version = 0
        self.silent_count = 0
        self.freed: dict[int, None] = {}
        self._vacant: list[int] = []
        self._skilled: dict[str, dict[int, float]] = {}
        self._skills_at: list[Mapping[str, float]] = []
        self._levels: OrderedDict[str, Floats] = OrderedDict()
        self.amounts = Amounts(parts, self.places)
        self.present: Bools = np.zeros(0, np.bool_)
        self.silent: Bools = np.zeros(0, np.bool_)
        self.models: NDArray[np.int64] = np.zeros(0, np.int64)
        self.likes: NDArray[np.int64] = np.zeros(0, np.int64)
        self._likes: dict[tuple[str | None, ...], int] = {}
        self.mean, self.reliability = np.zeros(0), np.zeros(0)
        self.costs: dict[Strategy, Floats] = {strategy: np.zeros(0) for strategy in get_args(Strategy)}
        self._grow(64)
        for agent in parts.profiles:
            self.enter(agent)

    @property
    def registered(self) -> int:
        return len(self.places)

    @property
    def kinds(self) -> int:
        """How many kinds of agents there ever were: the numbers in `likes` are below that."""
        return len(self._likes)

    # Who is there

    def enter(self, agent: str) -> None:
        """The agent's profile is there or has changed."""
        place = self.places.get(agent)
        if place is None:
            place = self._take_place(agent)
        self.version += 1
        profile = self._profiles[agent].agent
        self.models[place] = _model_code(profile.model)
        self.likes[place] = self._likes.setdefault(_likeness(profile), len(self._likes))
        self._index_skills(place, profile.skills)
        for skill, levels in self._levels.items():
            levels[place] = profile.skills.get(skill, LACKS)
        self.amounts.enter(agent, place)
        self.refresh(agent)
        self.rate(agent)
        self.offer(agent)

    def leave(self, agent: str) -> None:
        place = self.places.get(agent)
        if place is None:
            return
        if self.silent[place]:
            self.silent[place] = False
            self.silent_count -= 1
        del self.places[agent]
        self._index_skills(place, {})
        self.names[place] = ""
        self.version += 1
        self.present[place] = False
        for cost in self.costs.values():
            cost[place] = INFINITE
        self.freed.pop(place, None)
        heappush(self._vacant, place)

    # How they are

    def refresh(self, agent: str) -> None:
        """What the agent holds, how it is, or how it did has changed."""
        place = self.places.get(agent)
        if place is None:
            return
        profile = self._profiles[agent].agent
        hands = self._hands.get(agent, _NOTHING)
        track = self._tracks.get(agent, _NO_TRACK)
        beat = self._beats.get(agent, _UNHEARD)
        held, slots = len(hands.tasks), self._holds.room(agent, profile.slots)
        if held < slots and not (self.silent_count and self.silent[place]):
            cpu, memory, active, response = self._weights
            slow = track.mean / self._unit
            load = cpu * beat.cpu + memory * beat.memory + active * held / slots + response * (min(1.0, slow))
            self._best_score[place] = self._load_weight * (load - 1.0)
            self._least_loaded[place] = load
            self._round_robin[place] = track.turn
        else:
            self._best_score[place] = self._least_loaded[place] = self._round_robin[place] = INFINITE
        self.amounts.refresh(agent, place, hands)

    def rate(self, agent: str) -> None:
        """The agent's track record has changed."""
        place = self.places.get(agent)
        if place is not None:
            track = self._tracks.get(agent, _NO_TRACK)
            self.mean[place] = track.mean
            self.reliability[place] = track.reliability

    def is_free(self, place: int) -> bool:
        return self._least_loaded.item(place) < INFINITE

    def free_slots(self, place: int) -> int:
        agent = self.names[place]
        hands = self._hands.get(agent, _NOTHING)
        return self._holds.room(agent, self._profiles[agent].agent.slots) - len(hands.tasks)

    def slot_cost(self, place: int) -> float:
        """By how much one task more lowers the agent's score."""
        return self._load_weight * self._weights[2] / self._profiles[self.names[place]].agent.slots

    def with_slot(self) -> Bools:
        """Who has a free slot; of the silent nobody knows."""
        return self._least_loaded < INFINITE

    def is_silent(self, agent: str) -> bool:
        place = self.places.get(agent)
        return place is not None and bool(self.silent[place])

    def offer(self, agent: str) -> None:
        """Something came free at the agent: waiting tasks may have another look at it."""
        place = self.places.get(agent)
        if place is not None and self.is_free(place):
            self.freed[place] = None

    def miss(self, agent: str) -> None:
        """The agent is silent."""
        place = self.places[agent]
        if not self.silent[place]:
            self.silent[place] = True
            self.silent_count += 1
            self.refresh(agent)
            self.freed.pop(place, None)

    def hear(self, agent: str) -> None:
        """The agent is not silent."""
        place = self.places[agent]
        if self.silent[place]:
            self.silent[place] = False
            self.silent_count -= 1
            self.refresh(agent)
            self.offer(agent)

    # What they have

    def skills(self, place: int) -> Iterable[str]:
        return self._profiles[self.names[place]].agent.skills

    def levels(self, skill: str) -> Floats:
        """Each one's level, `LACKS` where there is none."""
        found = self._levels.get(skill)
        if found is not None:
            self._levels.move_to_end(skill)
            return found
        column = self._levels[skill] = np.full(len(self.present), LACKS)
        if skilled := self._skilled.get(skill):
            column[list(skilled)] = list(skilled.values())
        if len(self._levels) > SKILLS_KEPT:
            self._levels.popitem(last=False)
        return column

    def having_model(self, model: str) -> Bools:
        return np.equal(self.models, _model_code(model))

    # Room

    def _index_skills(self, place: int, skills: Mapping[str, float]) -> None:
        """By skill, who has it: a task of a skill that was never asked for must not cost a look at every agent."""
        while len(self._skills_at) <= place:
            self._skills_at.append({})
        for skill in self._skills_at[place]:
            del self._skilled[skill][place]
        for skill, level in skills.items():
            self._skilled.setdefault(skill, {})[place] = level
        self._skills_at[place] = skills

    def _take_place(self, agent: str) -> int:
        if self._vacant:
            place = heappop(self._vacant)
            self.names[place] = agent
        else:
            place = len(self.names)
            self.names.append(agent)
            if place == len(self.present):
                self._grow(place + max(place // 4, 64))
        self.places[agent] = place
        self.present[place] = True
        return place

    def _grow(self, size: int) -> None:
        self.present = longer(self.present, size, False)
        self.silent = longer(self.silent, size, False)
        self.models = longer(self.models, size, 0)
        self.likes = longer(self.likes, size, 0)
        self.mean = longer(self.mean, size, 0.0)
        self.reliability = longer(self.reliability, size, 1.0)
        self.costs = {strategy: longer(cost, size, INFINITE) for strategy, cost in self.costs.items()}
        self._best_score = self.costs["best_score"]
        self._least_loaded = self.costs["least_loaded"]
        self._round_robin = self.costs["round_robin"]
        # What these two cost beyond that is reckoned where they choose.
        self.costs["optimal"], self.costs["adaptive"] = self._best_score, self._least_loaded
        for skill, levels in self._levels.items():
            self._levels[skill] = longer(levels, size, LACKS)
        self.amounts.grow(size)
        self.scores = np.empty(size)
        self.mask = np.empty(size, np.bool_)


def _model_code(model: str | None) -> int:
    """A number for each model, so that comparing is fast; 64 bits of a hash do not meet by chance."""
    if model is None:
        return 0
    return int.from_bytes(blake2b(model.encode(), digest_size=8).digest(), signed=True)


def _likeness(profile: AgentProfile) -> tuple[str | None, ...]:
    """What agents that do alike are expected to have in common: type, model, and `hardware` of the metadata."""
    hardware = profile.metadata.get("hardware")
    return profile.type, profile.model, hardware if isinstance(hardware, str) else None
