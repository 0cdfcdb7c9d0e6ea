"""What the router said became of phases' tasks."""

from __future__ import annotations

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from podium.contracts.phases import PhaseEnded


class Ends:
    """Observed; each is kept until its session has looked at it.

    Attributes:
        of: session → task → its end.
    """

    def __init__(self) -> None:
        self.of: dict[str, dict[str, PhaseEnded]] = {}

    def observe(self, session: str, end: PhaseEnded) -> None:
        self.of.setdefault(session, {})[end.task] = replace(end, output=Raw(bytes(end.output)))

    def dump(self) -> bytes:
        return msgspec.json.encode(self.of)

    @staticmethod
    def load(dumped: bytes) -> Ends:
        """Raises: msgspec.MsgspecError"""
        ends = Ends()
        for session, tasks in msgspec.json.decode(dumped, type=dict[str, dict[str, PhaseEnded]]).items():
            for end in tasks.values():
                ends.observe(session, end)
        return ends
