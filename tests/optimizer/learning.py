"""The optimizer at work: outcomes come in, tables come out."""

from __future__ import annotations

from typing import Any, Self

from msgspec import Raw

from podium.contracts.predictions import PredictionsPublished
from podium.contracts.tasks import AttemptFailed, TaskCompleted
from podium.optimizer.service import Optimizer
from podium.optimizer.settings import OptimizerSettings
from tests.rules.scenario import Scenario

NULL = Raw(b"null")


class Learning(Scenario):
    """An optimizer that observes a router."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(Optimizer(OptimizerSettings(**settings)))
        self.seen: list[tuple[float, str, Any]] = []

    def completed(
        self, agent: str, kind: str = "k", duration: float = 1.0, task: str | None = None, **more: Any
    ) -> Self:
        return self._observe(TaskCompleted(agent, 1, NULL, duration, kind, **more), task)

    def failed(self, agent: str, kind: str = "k", task: str | None = None) -> Self:
        return self._observe(AttemptFailed(agent, 1, "broken", kind=kind), task)

    def table(self, kind: str = "k") -> PredictionsPublished:
        """The newest one, with what is due now."""
        self.after(self.decider.settings.publish_interval)
        table: PredictionsPublished = self.state.book.tables[kind].table
        return table

    def observed_anew(self) -> Self:
        """The same with a state that was made from the logs alone."""
        other = self.replayed()
        other.decider = self.decider
        for at, task, fact in self.seen:
            other.decider.observe(other.state, task, fact, at)
        return other

    def told(self, fact: Any, entity: str) -> Self:
        """What another service says."""
        return self._observe(fact, entity)

    def _observe(self, fact: Any, entity: str | None = None) -> Self:
        task = entity or f"t{len(self.seen)}"
        self.seen.append((self.now, task, fact))
        self.decider.observe(self.state, task, fact, self.now)
        return self
