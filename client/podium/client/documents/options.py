"""What a document may be begun with."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from podium.contracts.documents import DocumentKind, Role


class DocumentOptions(TypedDict, total=False):
    """The fields of `create_document`; see `podium.contracts.documents.CreateDocument`."""

    kind: DocumentKind
    content: Any
    title: str | None
    roles: dict[str, Role]
    others: Literal["editor", "reader", "none"]
    max_participants: int
    idle_timeout: float
    max_bytes: int
    metadata: dict[str, Any]
