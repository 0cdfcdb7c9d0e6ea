"""`client.learning`: what podium has learnt, what it expects, and what it advises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from podium.contracts.insights import Advice, ApplyAdvice, InsightRow, ListInsights
from podium.contracts.outcomes import AcceptedOutcome
from podium.contracts.policies import Policy, PromotePolicy, ProposePolicy, RollBackPolicy
from podium.contracts.policy_queries import GetPolicy, ListPolicies, PolicyRow
from podium.contracts.prediction_queries import (
    CalibrationAnswer,
    FindSimilar,
    GetCalibration,
    GetPrediction,
    PredictionAnswer,
    SimilarCase,
)
from podium.contracts.relationships import GetRelationship, ListRelationships, RelationshipRow

if TYPE_CHECKING:
    from ._client import Client


class NoAdvice(LookupError):
    """There is no such insight, or it advises nothing."""


class Learning:
    """The optimizer's commands and queries; errors are those of `Client.send` and `Client.query`.

    Answers reflect everything that was in the streams when they were asked for.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    # What is expected

    async def predict(
        self, task_id: str | None = None, *, kind: str | None = None, input: Any = None, agent: str | None = None
    ) -> PredictionAnswer:
        """How likely an attempt completes and how long it takes, with intervals, similar cases and risks.

        Args:
            task_id: a task that was submitted; else the `kind` and `input` of one that might be.
            agent: by whom; else the task's own agent, or any.

        Raises:
            QueryFailed: `not_found`, if nothing is known of the kind.
        """
        return await self._client.query(GetPrediction(task_id=task_id, kind=kind, input=input, agent=agent, fresh=True))

    async def similar(
        self,
        task_id: str | None = None,
        *,
        kind: str | None = None,
        input: Any = None,
        agent: str | None = None,
        limit: int = 10,
    ) -> list[SimilarCase]:
        """Ended tasks of the kind that are most like one, with how they went; `input` may be any JSON, or a text."""
        query = FindSimilar(task_id=task_id, kind=kind, input=input, agent=agent, limit=limit, fresh=True)
        return (await self._client.query(query)).cases

    async def calibration(self) -> CalibrationAnswer:
        """How right predictions were lately, and which kinds of task have changed."""
        return await self._client.query(GetCalibration(fresh=True))

    # What was found out

    async def insights(
        self, *, agent: str | None = None, kind: str | None = None, is_open: bool | None = True, limit: int = 50
    ) -> list[InsightRow]:
        """The newest first; `is_open`: only those that hold, or only those that do not."""
        query = ListInsights(open=is_open, agent=agent, kind=kind, limit=limit, fresh=True)
        return (await self._client.query(query)).insights

    async def advice(self, insight: str) -> Advice:
        """What an insight advises. Raises: NoAdvice."""
        found = (await self._client.query(ListInsights(open=None, insight=insight, fresh=True))).insights
        if not found:
            raise NoAdvice(f"there is no insight {insight}")
        if found[0].advice is None:
            raise NoAdvice(f"{insight} advises nothing")
        return found[0].advice

    async def apply(self, insight: str) -> Advice:
        """Follow its advice in your own name, and have the effect measured; what was done.

        Raises:
            NoAdvice, CommandRefused: nothing was done.
        """
        advice = await self.advice(insight)
        await self._client.send(advice.service, advice.entity, (advice.command, advice.body))
        await self._client.send("optimizer", insight, ApplyAdvice())
        return advice

    # How agents are chosen

    async def policies(self, *, is_open: bool | None = None, limit: int = 50) -> list[PolicyRow]:
        """The newest first; `is_open`: only those on trial or in force, or only those out of use."""
        return (await self._client.query(ListPolicies(open=is_open, limit=limit, fresh=True))).policies

    async def policy(self, name: str) -> PolicyRow:
        """With how its trial went. Raises: QueryFailed: `not_found`."""
        return (await self._client.query(GetPolicy(policy_id=name, fresh=True))).policy

    async def propose_policy(
        self, name: str, policy: Policy, *, share: float = 0.1, reason: str | None = None
    ) -> AcceptedOutcome:
        """Begin its trial: in shadow, then as a canary for `share` of the tasks, then in force if it is better."""
        return await self._client.send("optimizer", name, ProposePolicy(policy, share, reason))

    async def promote_policy(self, name: str, reason: str | None = None) -> AcceptedOutcome:
        """On to the next stage, whatever its trial has shown."""
        return await self._client.send("optimizer", name, PromotePolicy(reason))

    async def roll_back_policy(self, name: str, reason: str | None = None) -> AcceptedOutcome:
        return await self._client.send("optimizer", name, RollBackPolicy(reason))

    # Who gets on with whom

    async def relationships(
        self, agent: str | None = None, *, least: float = 0.0, limit: int = 50
    ) -> list[RelationshipRow]:
        """The strongest first; `least`: only those at least so strong, 0–1."""
        query = ListRelationships(agent=agent, least=least, limit=limit, fresh=True)
        return (await self._client.query(query)).relationships

    async def relationship(self, agent: str, other: str) -> RelationshipRow:
        """Raises: QueryFailed: `not_found`, if they have done nothing together."""
        return (await self._client.query(GetRelationship(agent=agent, other=other, fresh=True))).relationship
