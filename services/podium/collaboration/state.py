"""The collaboration service's state: one book for each part."""

from __future__ import annotations

from .settings import CollaborationSettings


class CollaborationState:
    """Each field is one part's book, which only that part changes; the others read it."""

    __slots__ = ("settings",)

    def __init__(self, settings: CollaborationSettings) -> None:
        self.settings = settings
