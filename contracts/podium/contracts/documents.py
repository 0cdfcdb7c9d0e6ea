"""Shared documents' words: many write in one document at once, and all copies of it come to agree.

A document is a Yjs document. Of kind `text` it is the text named `content` in it, of the other kinds the map named so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast

from msgspec import UNSET, Meta, Struct, UnsetType, field

from .envelope import Command, Event
from .names import Name, RecordedName, Text

DocumentKind = Literal["text", "structure", "workflow"]
"""`workflow`: a structure that is a whole workflow definition at all times."""

Role = Literal["owner", "editor", "reader", "none"]
Operation = Literal["set", "insert", "delete"]

ROOT: Final = "content"
"""The name of the shared text or map within the Yjs document."""

SERVICE_CLIENT: Final = 1
"""The Yjs client id by which the service itself writes; nobody else may."""

EXACT: Final = 2**53
"""Whole numbers from here on are not exact in a Yjs document."""

MAX_UPDATE: Final = 256 * 1024
"""The largest update in bytes, before it becomes base64."""

Update = Annotated[bytes, Meta(max_length=MAX_UPDATE)]
"""A Yjs update (version 1); base64 on the wire."""
Key = str | Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0.0, le=31_536_000.0)]


class CreateDocument(Command, frozen=True, tag="create_document"):
    """Begin a document; whoever asks is its owner.

    Attributes:
        content: of a text a string, of a structure an object, of a workflow its definition.
        roles: principal → what it may do; an owner may all, an editor write, a reader join.
        others: what principals may do that have no role of their own.
        max_participants: how many may be in it at the same time.
        idle_timeout: seconds without an edit after which a participant is no longer in it.
        max_bytes: of its updates, as far as they are kept one by one; beyond that older ones are put together, and
            what they were can no longer be restored. What is put together may have as many bytes again.
    """

    kind: DocumentKind = "text"
    content: Any | UnsetType = UNSET
    title: Text | None = None
    roles: dict[Name, Role] = field(default_factory=dict[Name, Role])
    others: Literal["editor", "reader", "none"] = "editor"
    max_participants: Annotated[int, Meta(ge=1, le=10_000)] = 100
    idle_timeout: Seconds = 3600.0
    max_bytes: Annotated[int, Meta(ge=4096, le=64 * 1024 * 1024)] = 8 * 1024 * 1024
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])


class EditDocument(Command, frozen=True, tag="edit_document"):
    """Merge edits. Whoever writes is in the document from then on.

    Attributes:
        update: a Yjs update with any number of edits, of the asker's own client ids.
    """

    update: Update


class EditStructure(Command, frozen=True, tag="edit_structure"):
    """Change one place of a structure, without a replica of one's own.

    Attributes:
        path: keys of objects and places in lists, from the outermost; the empty one is the whole content. A place
            may be written as a number or as its digits.
        operation: `set` what is there or a new key; `insert` a new key, or before a place in a list; `delete`.
        value: for `set` and `insert`.
    """

    path: Annotated[list[Key], Meta(max_length=32)]
    operation: Operation
    value: Any | UnsetType = UNSET


class RestoreDocument(Command, frozen=True, tag="restore_document"):
    """Make the content what it was at a revision, as a new one; 0 is the empty document."""

    revision: Annotated[int, Meta(ge=0)]


class GrantDocument(Command, frozen=True, tag="grant_document"):
    """Give a principal a role; by owners. With `none` it also leaves, if it is in the document."""

    principal: Name
    role: Role


class JoinDocument(Command, frozen=True, tag="join_document"):
    """Come into the document, or say that one is still there."""


class LeaveDocument(Command, frozen=True, tag="leave_document"):
    """Go out of the document."""


class CloseDocument(Command, frozen=True, tag="close_document"):
    """End a document for good; by owners. What it was can still be read."""

    reason: Text | None = None


DocumentCommand = (
    CreateDocument
    | EditDocument
    | EditStructure
    | RestoreDocument
    | GrantDocument
    | JoinDocument
    | LeaveDocument
    | CloseDocument
)


class DocumentCreated(Event, frozen=True, tag="document_created"):
    """There is a new document, empty. The fields are those of `create_document`; `roles` has its owner, too."""

    kind: DocumentKind
    title: str | None
    roles: dict[RecordedName, Role]
    others: Role
    max_participants: int
    idle_timeout: float
    max_bytes: int
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])


class DocumentEdited(Event, frozen=True, tag="document_edited"):
    """Edits were merged into it.

    Attributes:
        revision: counts every change of the content, from 1.
        update: the Yjs update.
        clients: the Yjs client ids that wrote what is new in it.
        inserted: how many items are new in it; of a text, characters (UTF-16 units).
    """

    revision: int
    update: bytes
    clients: list[int] = field(default_factory=list[int])
    inserted: int = 0


class StructureEdited(Event, frozen=True, tag="structure_edited"):
    """One place of the structure was changed; `update` does it, the rest says what was asked for."""

    revision: int
    update: bytes
    path: list[str | int]
    operation: Operation


class DocumentRestored(Event, frozen=True, tag="document_restored"):
    """The content is again what it was at the revision `to`; `update` makes it so."""

    revision: int
    update: bytes
    to: int


class DocumentGranted(Event, frozen=True, tag="document_granted"):
    """A principal has another role."""

    principal: RecordedName
    role: Role


class DocumentJoined(Event, frozen=True, tag="document_joined"):
    """A principal is in it, or still is."""

    principal: RecordedName


class DocumentLeft(Event, frozen=True, tag="document_left"):
    """A principal is no longer in it: it went, wrote nothing for long, or lost its role."""

    principal: RecordedName
    reason: Literal["left", "idle", "removed"]


class DocumentClosed(Event, frozen=True, tag="document_closed"):
    """It is ended for good."""

    reason: str | None = None


ContentChange = DocumentEdited | StructureEdited | DocumentRestored
"""What makes a new revision."""

DocumentEvent = (
    DocumentCreated
    | DocumentEdited
    | StructureEdited
    | DocumentRestored
    | DocumentGranted
    | DocumentJoined
    | DocumentLeft
    | DocumentClosed
)


class Awareness(Struct, frozen=True, omit_defaults=True):
    """Where someone is in a document now. Published to `aware.<document>.<principal>`, not stored.

    Attributes:
        client: its Yjs client id: one principal may have a document open several times.
        name: to be shown to people; the principal by default.
        state: anything: a colour, a status. `cursor` and `selection` have fields of their own.
        cursor: where in the text it writes: characters (code points) before it, as the writer sees the text.
        selection: the other end of what is selected, likewise.
        gone: it has closed the document.
        interval: seconds until it is said again.
    """

    client: int
    name: str | None = None
    cursor: int | None = None
    selection: int | None = None
    state: dict[str, Any] = {}
    gone: bool = False
    interval: float = 15.0


def whole_numbers(value: Any) -> Any:
    """JSON as it was given: Yjs holds every number as a float, and what is whole is an integer again here."""
    match value:
        case float() if value.is_integer() and abs(value) < EXACT:
            return int(value)
        case dict():
            fields = cast(Mapping[str, Any], value)
            return {key: whole_numbers(fields[key]) for key in sorted(fields)}
        case list():
            return [whole_numbers(part) for part in cast(Sequence[Any], value)]
        case _:
            return value


def difference(now: str, wanted: str) -> tuple[int, int, str]:
    """What makes one text another: at a position so many characters go, and these come."""
    start = _alike(now, wanted)
    end = min(_alike(now[::-1], wanted[::-1]), min(len(now), len(wanted)) - start)
    return start, len(now) - end - start, wanted[start : len(wanted) - end]


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low
