"""Examples of the words for shared documents: notes that ann and bob write together, a plan changed by path."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from . import document_queries as q
from . import documents as d
from .query import Answer, Query
from .subjects import Service

_HELLO: Final = b64decode("AQEHAAQBB2NvbnRlbnQFaGVsbG8A")
_THERE: Final = b64decode("AQEHBYQHBAYgdGhlcmUA")
_STEPS: Final = b64decode("AQEBACgBB2NvbnRlbnQFc3RlcHMBfEBAAAAA")
_BACK: Final = b64decode("AAEHAQUG")
_AT: Final = 1767225600.0
_POSITIONS: Final = {"podium-events-collaboration": 5}
_CREATE: Final = d.CreateDocument(title="Notes of Monday", roles={"bob": "editor"}, others="reader")

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ann", "notes", _CREATE),
    ("ann", "notes", d.EditDocument(_HELLO)),
    ("ann", "plan", d.EditStructure(["steps"], "set", 3)),
    ("ann", "notes", d.RestoreDocument(1)),
    ("ann", "notes", d.GrantDocument("cleo", "editor")),
    ("bob", "notes", d.JoinDocument()),
    ("bob", "notes", d.LeaveDocument()),
    ("ann", "notes", d.CloseDocument("the meeting is over")),
)
"""Principal, entity, command."""

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    (
        "collaboration",
        "notes",
        "ann",
        d.DocumentCreated(
            kind="text",
            title="Notes of Monday",
            roles={"bob": "editor", "ann": "owner"},
            others="reader",
            max_participants=100,
            idle_timeout=3600.0,
            max_bytes=8_388_608,
            metadata={"team": "tides"},
        ),
    ),
    ("collaboration", "notes", "ann", d.DocumentEdited(1, _HELLO, [7], 5)),
    ("collaboration", "plan", "ann", d.StructureEdited(1, _STEPS, ["steps"], "set")),
    ("collaboration", "notes", "ann", d.DocumentRestored(3, _BACK, 1)),
    ("collaboration", "notes", "ann", d.DocumentGranted("cleo", "editor")),
    ("collaboration", "notes", "bob", d.DocumentJoined("bob")),
    ("collaboration", "notes", "collaboration", d.DocumentLeft("bob", "idle")),
    ("collaboration", "notes", "ann", d.DocumentClosed("the meeting is over")),
)
"""Service, entity, actor, event."""

AWARENESS: Final = d.Awareness(7, "Ann", state={"colour": "teal"}, cursor=5)

QUERIES: Final[Mapping[type[Query], tuple[Query, Answer]]] = MappingProxyType(
    {
        q.GetDocument: (
            q.GetDocument(document_id="notes", fresh=True),
            q.DocumentAnswer(
                positions=_POSITIONS,
                document=q.DocumentDetail(
                    "notes",
                    "text",
                    _AT,
                    _AT + 60,
                    revision=2,
                    bytes=36,
                    title="Notes of Monday",
                    participants=["ann", "bob"],
                    roles={"ann": "owner", "bob": "editor"},
                    others="reader",
                    max_participants=100,
                    idle_timeout=3600.0,
                    max_bytes=8_388_608,
                ),
            ),
        ),
        q.ListDocuments: (
            q.ListDocuments(kind="text"),
            q.DocumentsAnswer(
                positions=_POSITIONS,
                documents=[q.DocumentRow("notes", "text", _AT, _AT + 60, 2, 36, "Notes of Monday", ["ann", "bob"])],
            ),
        ),
        q.DocumentHistory: (
            q.DocumentHistory(document_id="notes"),
            q.DocumentHistoryAnswer(
                positions=_POSITIONS,
                revisions=[
                    q.RevisionRow(2, "edited", "ann", _AT + 60, 15, 5, inserted=6),
                    q.RevisionRow(1, "edited", "ann", _AT, 21, 3, inserted=5),
                ],
            ),
        ),
        q.DocumentUpdates: (
            q.DocumentUpdates(document_id="notes", after=1),
            q.UpdatesAnswer(positions=_POSITIONS, kind="text", first=2, updates=[_THERE], revision=2),
        ),
    }
)
"""Query class → an example of it and of its answer."""
