"""Answers about policies."""

from __future__ import annotations

from podium.contracts.policy_queries import GetPolicy, ListPolicies, PoliciesAnswer, PolicyAnswer

from .pages import page, read_cursor
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
    rows, cursor = page(found, query.limit, sources.room, lambda row: row, lambda row: (row.proposed_at, row.policy_id))
    return PoliciesAnswer(positions=positions, policies=rows, next=cursor)
