"""Which agents are able to do a kind of task, and how well."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from podium.contracts.tasks import Strategy

from .arrays import INFINITE, Bools, Floats
from .fleet import Fleet
from .requirements import MICRO, Requirements
from .settings import RouterSettings

FITS_KEPT: Final = 256

WEIGHED: Final = ("best_score", "optimal")
"""The strategies that weigh skill against load."""


class Fit(Struct, frozen=True, gc=False):
    """What a fleet is worth to one kind of task, by place.

    Attributes:
        version: of the fleet.
        skill: mean level in the required skills, 0–1; minus infinity for who is not able.
        bonus: what the strategy adds up with its cost; minus infinity for who is not able.
        able: how many are able.
        ruled_out: why the others are not: the first reason for each, and how many it holds for.
    """

    version: int
    skill: Floats
    bonus: Floats
    able: int
    ruled_out: dict[str, int]

    def has(self, place: int) -> bool:
        return self.skill.item(place) >= 0.0


class Fits:
    """The fits that were asked for last, each made again once the fleet has changed.

    Attributes:
        skill_weight: the share of skill in `best_score`.
    """

    def __init__(self, fleet: Fleet, settings: RouterSettings) -> None:
        self._fleet = fleet
        self._default: Strategy = "adaptive" if settings.mode == "adaptive" else settings.strategy
        self.skill_weight = settings.skill_weight
        self._fits: OrderedDict[Requirements, Fit] = OrderedDict()

    def of(self, needs: Requirements) -> Fit:
        fits = self._fits
        fit = fits.get(needs)
        if fit is not None and fit.version == self._fleet.version:
            fits.move_to_end(needs)
            return fit
        fit = fits[needs] = self._make(needs)
        fits.move_to_end(needs)
        if len(fits) > FITS_KEPT:
            fits.popitem(last=False)
        return fit

    def _make(self, needs: Requirements) -> Fit:
        fleet = self._fleet
        able, left = fleet.present.copy(), fleet.registered
        ruled_out: dict[str, int] = {}
        for demand in demands(fleet, needs):
            able &= demand.meets
            count = int(np.count_nonzero(able))
            if count < left:
                ruled_out[demand.lacking] = left - count
            left = count
        if needs.skills:
            level = sum((fleet.levels(skill) for skill in needs.skills), np.zeros(len(able))) / len(needs.skills)
        else:
            level = np.ones(len(able))
        weight = self.skill_weight if self.strategy(needs) in WEIGHED else 0.0
        skill, bonus = np.where(able, level, -INFINITE), np.where(able, weight * level, -INFINITE)
        return Fit(fleet.version, skill, bonus, left, ruled_out)

    def strategy(self, needs: Requirements) -> Strategy:
        return needs.strategy or self._default


class Demand(NamedTuple):
    """One thing that a task demands.

    Attributes:
        lacking: what is said of an agent that does not meet it.
        nobody: what is said if no agent meets it.
        meets: who does, by place.
    """

    lacking: str
    nobody: str
    meets: Bools


def demands(fleet: Fleet, needs: Requirements) -> Iterator[Demand]:
    """What makes an agent able, one demand after the other."""
    if needs.agents:
        named = np.zeros(len(fleet.present), np.bool_)
        named[[fleet.places[agent] for agent in needs.agents if agent in fleet.places]] = True
        yield Demand("not one of the agents named", "none of the agents named is registered", named)
    if needs.model is not None:
        model = needs.model
        yield Demand(f"model is not {model}", f"no agent has model {model}", fleet.having_model(model))
    for skill in needs.skills:
        yield Demand(f"lacks skill {skill}", f"no agent has skill {skill}", fleet.levels(skill) >= 0.0)
    if needs.min_level:
        level = f"{needs.min_level:g}"
        for skill in needs.skills:
            meets = fleet.levels(skill) >= needs.min_level
            yield Demand(f"skill {skill} below {level}", f"no agent has skill {skill} at {level} or more", meets)
    for resource, amount in needs.resources:
        much = amount_text(resource, amount)
        yield Demand(f"lacks {much}", f"no agent has {much}", fleet.amounts.totals(resource) >= amount)


def conditions(fleet: Fleet, needs: Requirements) -> Iterator[Demand]:
    """What some tasks demand of an able agent at the moment."""
    if not needs.conditional:
        return
    for resource, amount in needs.resources:
        much = amount_text(resource, amount)
        yield Demand(
            f"less than {much} free", f"no able agent has {much} free", fleet.amounts.spare(resource) >= amount
        )
    if needs.max_response_time is not None:
        limit = f"{needs.max_response_time:g} s"
        meets = fleet.mean <= needs.max_response_time
        yield Demand(f"mean duration over {limit}", f"no able agent has a mean duration of {limit} or less", meets)
    if needs.min_reliability is not None:
        share = f"{needs.min_reliability:g}"
        meets = fleet.reliability >= needs.min_reliability
        yield Demand(f"reliability below {share}", f"no able agent has a reliability of {share} or more", meets)


def amount_text(resource: str, amount: int) -> str:
    """`512 memory_mb`."""
    return f"{amount / MICRO:.12g} {resource}"
