"""Answers about policies."""

from __future__ import annotations

from podium.contracts.policy_queries import GetPolicy, ListPolicies, PoliciesAnswer, PolicyAnswer

from .pages import fitting, read_cursor, write_cursor
from .sources import Failed, Sources


async def get_policy(sources: Sources, query: GetPolicy) -> PolicyAnswer:
    found, positions = await sources.view(lambda view: view.policies.find(view.connection, query.policy_id))
    if found is None:
        raise Failed("not_found", f"there is no policy {query.policy_id}")
    return PolicyAnswer(positions=positions, policy=found)


async def list_policies(sources: Sources, query: ListPolicies) -> PoliciesAnswer:
    before = None if query.cursor is None else read_cursor(query.cursor, tuple[float, str])
    found, positions = await sources.view(
        lambda view: view.policies.list(view.connection, is_open=query.open, limit=query.limit + 1, before=before)
    )
    shown = found[: query.limit]
    shown = shown[: fitting(list(shown), sources.room)]
    cursor = write_cursor(shown[-1].proposed_at, shown[-1].policy_id) if len(shown) < len(found) else None
    return PoliciesAnswer(positions=positions, policies=list(shown), next=cursor)
