"""The versions of definitions that are needed."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from msgspec import Struct

from .plan import Plan, Plans

VERSIONS_KEPT: Final = 20
"""Of each definition; older ones go when no open run has them."""


class Version(Struct, frozen=True, array_like=True):
    number: int
    hash: str
    definition: bytes


class Versions:
    """
    Attributes:
        kept: workflow → its versions that are needed, the newest last.
    """

    def __init__(self, kept: dict[str, list[Version]] | None = None) -> None:
        self.kept: dict[str, list[Version]] = kept or {}
        self._plans = Plans()

    def add(self, workflow: str, version: Version) -> None:
        self.kept.setdefault(workflow, []).append(version)

    def newest(self, workflow: str) -> Version | None:
        versions = self.kept.get(workflow)
        return versions[-1] if versions else None

    def plan(self, workflow: str, number: int) -> Plan | None:
        for version in self.kept.get(workflow, ()):
            if version.number == number:
                return self._plans.make(workflow, number, version.definition)
        return None

    def spare(self, workflow: str) -> list[Version]:
        """Those that are not among the newest."""
        return self.kept[workflow][:-VERSIONS_KEPT]

    def forget(self, workflow: str, used: Container[int]) -> None:
        """A version that is not among the newest and that is not used is not needed."""
        for version in self.spare(workflow):
            if version.number not in used:
                self.kept[workflow].remove(version)
