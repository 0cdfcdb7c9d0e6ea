"""Who gets on with whom, as the optimizer says: what teams are formed by."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

import msgspec
from msgspec import Struct

from podium.contracts.relationships import RelationshipsChanged
from podium.contracts.subjects import Service

from .part import Observer
from .state import CollaborationState

PAIRS_KEPT: Final = 20_000


class RelationshipsPart(Observer):
    """It has no words of its own; `state.trust` is what it observed: two agents, by name → their trust, 0–1."""

    name: ClassVar[str] = "relationships"
    facts: ClassVar[Mapping[Service, tuple[type[Struct], ...]]] = MappingProxyType(
        {"optimizer": (RelationshipsChanged,)}
    )

    def observe(self, state: CollaborationState, entity: str, fact: Struct, at: float) -> None:
        assert isinstance(fact, RelationshipsChanged)
        for one in fact.relationships:
            state.trust[entity, one.other] = one.trust
            state.trust.move_to_end((entity, one.other))
        while len(state.trust) > PAIRS_KEPT:
            state.trust.popitem(last=False)

    def dump_facts(self, state: CollaborationState) -> bytes:
        return msgspec.json.encode(list(state.trust.items()))

    def load_facts(self, state: CollaborationState, dumped: bytes) -> None:
        pairs = msgspec.json.decode(dumped, type=list[tuple[tuple[str, str], float]])
        state.trust = OrderedDict(pairs)
