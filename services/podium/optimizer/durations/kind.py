"""What is known of one kind of task: four ways to expect its duration, and how far each was off lately.

    level       as long as the kind usually takes
    agent       and how much faster or slower the agent is
    log sizes   and how its logarithm grows with the logarithms of the sizes
    sizes       and how it grows with the sizes themselves

They are weighed by how narrow and how right their intervals were, by the interval score: Gneiting and Raftery,
"Strictly Proper Scoring Rules" (JASA 2007). All durations in here are logarithms of seconds unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, log1p, sqrt
from typing import Final, NamedTuple

from msgspec import Struct

from .regression import Regression
from .scale import difference, residual, seconds_of
from .window import Window

WINDOW: Final = 300
"""How many outcomes an interval looks back."""
AGENTS_KEPT: Final = 5_000

_FADE: Final = 0.99
_AGENT_PRIOR: Final = 5.0
"""Outcomes that "an agent is as the others are" counts for."""
_OTHER_KINDS: Final = 4.0
"""Outcomes that the other kinds' scatter counts for beside the kind's own."""
_LEAST_RATIO: Final = 0.02
_LARGEST_RATIO: Final = 1e9
_SMALLEST_UNIT: Final = 1e-3
_FARTHEST: Final = 40.0
"""The most that one outcome may say against a way, in units of the kind's duration."""
_EDGE: Final = 0.05
"""Where the intervals end by which the ways are weighed: at the middle 90 %."""


class Sight(NamedTuple):
    """What a kind expects of a task: for each way its centre and its weight; and the scatter around them."""

    agent: str
    effects: tuple[float, float, float]
    logs: list[float]
    ratios: list[float]
    centres: list[float]
    weights: list[float]
    scale: float


class Kind(Struct, gc=False, array_like=True):
    """
    Attributes:
        level: a robust running mean.
        origin, log_origins, units: the first duration and sizes, in whose terms the others are seen.
        agents: agent → faded count of its outcomes, and for each way that has agents the sum of what it was off.
        windows: for each way, residuals.
        losses: for each way, faded interval scores in units of the kind's duration; `judged`: faded count.
        squares: faded sum of squared residuals; `seen`: faded count.
    """

    level: float
    origin: float
    log_origins: list[float]
    units: list[float]
    by_logs: Regression
    by_sizes: Regression
    agents: dict[str, tuple[float, float, float, float]]
    windows: list[Window]
    losses: list[float]
    judged: float = 0.0
    squares: float = 0.0
    seen: float = 0.0
    weight: float = 1.0

    @staticmethod
    def begun(duration: float, sizes: Sequence[float]) -> Kind:
        """After its first outcome."""
        count = len(sizes)
        ways = 4 if count else 2
        return Kind(
            duration,
            duration,
            [log1p(size) for size in sizes],
            [max(size, _SMALLEST_UNIT) for size in sizes],
            Regression.of([0.0] * (count + 1), [1.0] + [2.0] * count),
            Regression.of([0.0] * (count + 1), [0.5] * (count + 1)),
            {},
            [Window(WINDOW) for _ in range(ways)],
            [0.0] * ways,
        )

    def look(self, agent: str, sizes: Sequence[float], scatter: float) -> Sight:
        """`scatter`: variance of the residuals of all kinds."""
        count, *sums = self.agents.get(agent, (0.0, 0.0, 0.0, 0.0))
        own, by_logs, by_sizes = (total / (count + _AGENT_PRIOR) for total in sums)
        centres = [self.level, self.level + own]
        logs = [1.0, *(log1p(size) - origin for size, origin in zip(sizes, self.log_origins, strict=True))]
        ratios = [1.0, *(min(size / unit, _LARGEST_RATIO) for size, unit in zip(sizes, self.units, strict=True))]
        if sizes:
            centres.append(self.origin + self.by_logs.predict(logs) + by_logs)
            centres.append(self.origin + log(max(self.by_sizes.predict(ratios), _LEAST_RATIO)) + by_sizes)
        variance = (self.squares + _OTHER_KINDS * scatter) / (self.seen + _OTHER_KINDS) * (1.0 + 1.0 / self.weight)
        return Sight(agent, (own, by_logs, by_sizes), logs, ratios, centres, self._weights(), sqrt(variance))

    def quantile(self, sight: Sight, way: int, share: float, others: Window) -> float:
        """By one way. What the kind has too few outcomes to tell is told by the residuals of all, on its own scale."""
        window, scale = self.windows[way], sight.scale
        borrowed = sight.centres[way] + difference(scale * others.quantile(share, 1.0))
        count = len(window)
        if count < 4:
            return borrowed
        own = self._anchor(sight, way) + difference(window.quantile(share, scale))
        weight = count / (count + _OTHER_KINDS)
        return weight * own + (1.0 - weight) * borrowed

    def learn(self, sight: Sight, duration: float, others: Window) -> float:
        """The residual."""
        centre = sum(weight * way for weight, way in zip(sight.weights, sight.centres, strict=True))
        off, scale = residual(duration - centre), sight.scale
        self._judge(sight, duration, others)
        near = _within(off, 3.0 * scale)
        self.squares = _FADE * self.squares + near * near
        self.seen = _FADE * self.seen + 1.0
        self.weight = _FADE * self.weight + 1.0
        self.level += _within(duration - self.level, 2.0 * scale) / min(self.weight, 50.0)
        self._learn_agent(sight, duration)
        if len(sight.centres) > 2:
            self._learn_sizes(sight, duration)
        return off

    def _anchor(self, sight: Sight, way: int) -> float:
        """What a way's residuals are measured from. The level itself moves, and would leave its own traces in them."""
        return sight.centres[way] if way else self.origin

    def _weights(self) -> list[float]:
        losses = self.losses
        if self.judged < 4.0:
            return [1.0] + [0.0] * (len(losses) - 1)
        best, power = min(losses) + 1e-9, 0.7 * min(self.judged, 30.0)
        shares = [(best / (loss + 1e-9)) ** power for loss in losses]
        total = sum(shares)
        return [share / total for share in shares]

    def _judge(self, sight: Sight, duration: float, others: Window) -> None:
        unit = self.level
        taken = seconds_of(duration - unit)
        for way, window in enumerate(self.windows):
            low = seconds_of(self.quantile(sight, way, _EDGE, others) - unit)
            high = seconds_of(self.quantile(sight, way, 1.0 - _EDGE, others) - unit)
            score = high - low + (max(0.0, low - taken) + max(0.0, taken - high)) / _EDGE
            self.losses[way] = _FADE * self.losses[way] + min(score, _FARTHEST)
            window.add(residual(duration - self._anchor(sight, way)))
        self.judged = _FADE * self.judged + 1.0

    def _learn_agent(self, sight: Sight, duration: float) -> None:
        agents, agent = self.agents, sight.agent
        count, *sums = agents.get(agent, (0.0, 0.0, 0.0, 0.0))
        for place, centre in enumerate(sight.centres[1:]):
            off = _within(duration - centre, 2.0 * sight.scale)
            sums[place] = _FADE * sums[place] + sight.effects[place] + off
        own, by_logs, by_sizes = sums
        agents[agent] = (_FADE * count + 1.0, own, by_logs, by_sizes)
        if len(agents) > AGENTS_KEPT:
            del agents[next(iter(agents))]

    def _learn_sizes(self, sight: Sight, duration: float) -> None:
        reach = 2.0 * sight.scale
        self.by_logs.learn(sight.logs, self.by_logs.predict(sight.logs) + _within(duration - sight.centres[2], reach))
        expected = max(self.by_sizes.predict(sight.ratios), 0.1)
        ratio = seconds_of(duration - sight.effects[2] - self.origin)
        if self.weight > 10.0:
            ratio = min(max(ratio, expected * exp(-reach)), expected * exp(reach))
        self.by_sizes.learn(sight.ratios, ratio, expected * expected)


def _within(value: float, limit: float) -> float:
    """Cut to the limit: one odd outcome moves nothing far. Source: Huber, Robust Statistics (1981)."""
    return max(-limit, min(limit, value))
