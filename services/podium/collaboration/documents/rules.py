"""What may be done to a shared document. Pure: no clock, no ids, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import UNSET
from pycrdt import Map, Text

from podium.contracts.documents import (
    ROOT,
    SERVICE_CLIENT,
    ContentChange,
    CreateDocument,
    DocumentCreated,
    DocumentEdited,
    DocumentEvent,
    DocumentGranted,
    DocumentJoined,
    DocumentLeft,
    DocumentRestored,
    EditDocument,
    EditStructure,
    GrantDocument,
    RestoreDocument,
    Role,
    StructureEdited,
)
from podium.contracts.outcomes import Refused

from .content import BadPath, change, check_value, plain, reconcile, retype
from .document import MAY_WRITE, Document, at_revision, created
from .replicas import Missing, Replica, Trial

MAX_EVENT: Final = 512 * 1024
"""Bytes of the largest update that an event holds; as base64 it still fits into a message."""

Events = list[DocumentEvent]


def create(principal: str, command: CreateDocument) -> Events | Refused:
    roles: dict[str, Role] = {**command.roles, principal: "owner"}
    event = DocumentCreated(
        command.kind,
        command.title,
        roles,
        command.others,
        command.max_participants,
        command.idle_timeout,
        command.max_bytes,
        command.metadata,
    )
    if command.content is UNSET and command.kind != "workflow":
        return [event]
    document = created(event)
    wanted: Any = command.content
    if command.kind == "text":
        if not isinstance(wanted, str):
            return Refused("invalid", "$.content: the content of a text is a string", {"path": "$.content"})
    elif not isinstance(wanted, dict):
        return Refused("invalid", f"$.content: the content of a {command.kind} is an object", {"path": "$.content"})
    first = _written(document, Replica(document), _to(wanted), lambda made: DocumentEdited(1, made))
    if isinstance(first, Refused):
        return first
    return [event, *first]


def edit(principal: str, document: Document, replica: Replica, command: EditDocument) -> Events | Refused:
    refused = _may_write(principal, document)
    if refused is not None:
        return refused
    try:
        trial = replica.merge(command.update)
    except Missing as error:
        return Refused("edits_missing", f"the update builds on edits that the document lacks: {error}", _AT_UPDATE)
    except (ValueError, RuntimeError) as error:
        return Refused("bad_update", f"the update cannot be applied: {error}", _AT_UPDATE)
    if trial is None:
        return []
    clients = [span.client for span in trial.news]
    for client in clients:
        writer = "the service" if client == SERVICE_CLIENT else document.clients.get(str(client), principal)
        if writer != principal:
            return Refused(
                "not_allowed",
                f"the update has new edits of the client {client}, by which {writer} writes",
                {**_AT_UPDATE, "client": client},
            )
    refused = _fits(document, replica, trial)
    if refused is not None:
        return refused
    inserted = sum(span.end - span.start for span in trial.news)
    return [
        *_arrival(principal, document),
        DocumentEdited(document.revision + 1, command.update, clients, inserted),
    ]


def edit_structure(principal: str, document: Document, replica: Replica, command: EditStructure) -> Events | Refused:
    refused = _may_write(principal, document)
    if refused is not None:
        return refused
    if document.kind == "text":
        return Refused("bad_path", "the document is a text; edit_document edits it", {"path": "$.path"})
    if (command.value is UNSET) != (command.operation == "delete"):
        what = "has no value" if command.operation == "delete" else "needs a value"
        return Refused("invalid", f"$.value: {command.operation} {what}", {"path": "$.value"})

    def event(made: bytes) -> StructureEdited:
        return StructureEdited(document.revision + 1, made, command.path, command.operation)

    return _as(principal, document, _written(document, replica, lambda root: _change(root, command), event))


def restore(principal: str, document: Document, replica: Replica, command: RestoreDocument) -> Events | Refused:
    refused = _may_write(principal, document)
    if refused is not None:
        return refused
    if not document.base_revision <= command.revision <= document.revision:
        kept = f"{document.base_revision} to {document.revision}"
        return Refused(
            "unknown_revision", f"it can be restored to the revisions {kept}", {"path": "$.revision", "kept": kept}
        )
    then = at_revision(document, command.revision)
    root: Any = then.get(ROOT, type=Text) if document.kind == "text" else then.get(ROOT, type=Map)
    wanted = str(root) if document.kind == "text" else plain(root)

    def event(made: bytes) -> DocumentRestored:
        return DocumentRestored(document.revision + 1, made, command.revision)

    return _as(principal, document, _written(document, replica, _to(wanted), event))


def grant(principal: str, document: Document, command: GrantDocument) -> Events | Refused:
    if document.role(principal) != "owner":
        return Refused("not_allowed", f"{principal} is no owner of the document")
    if document.roles.get(command.principal) == command.role:
        return []
    owners = {name for name, role in document.roles.items() if role == "owner"}
    if owners == {command.principal}:
        return Refused("not_allowed", f"{command.principal} is the only owner; make another one first")
    granted = DocumentGranted(command.principal, command.role)
    if command.role == "none" and command.principal in document.participants:
        return [granted, DocumentLeft(command.principal, "removed")]
    return [granted]


def join(principal: str, document: Document, now: float) -> Events | Refused:
    """Who says again that it is there is written down only where that makes a difference to its idle time-out."""
    if document.role(principal) == "none":
        return Refused("not_allowed", f"{principal} has no role in the document")
    seen = document.participants.get(principal)
    if seen is None:
        return _full(principal, document) or list(_arrival(principal, document))
    return [DocumentJoined(principal)] if now - seen > document.idle_timeout / 4 else []


def _may_write(principal: str, document: Document) -> Refused | None:
    role = document.role(principal)
    if role not in MAY_WRITE:
        does = "may only read" if role == "reader" else "has no role in"
        return Refused("not_allowed", f"{principal} {does} the document")
    return None if principal in document.participants else _full(principal, document)


def _full(principal: str, document: Document) -> Refused | None:
    most = document.max_participants
    if len(document.participants) < most:
        return None
    return Refused("document_full", f"{most} are in the document, and no more may be", {"max_participants": most})


def _arrival(principal: str, document: Document) -> Iterator[DocumentJoined]:
    if principal not in document.participants:
        yield DocumentJoined(principal)


def _as(principal: str, document: Document, made: list[ContentChange] | Refused) -> Events | Refused:
    if isinstance(made, Refused) or not made:
        return made if isinstance(made, Refused) else []
    return [*_arrival(principal, document), *made]


def _written(
    document: Document,
    replica: Replica,
    change: Callable[[Any], None],
    event: Callable[[bytes], ContentChange],
) -> list[ContentChange] | Refused:
    """A change of the service's own, as an event; nothing if all is so already."""
    try:
        trial = replica.write(change)
    except BadPath as bad:
        return bad.refused
    if trial is None:
        return []
    return _fits(document, replica, trial) or [event(trial.update)]


def _fits(document: Document, replica: Replica, trial: Trial) -> Refused | None:
    """Whether what the change leads to may be so."""
    if len(trial.update) > MAX_EVENT:
        return Refused(
            "document_too_large", f"the change takes {len(trial.update)} bytes, and may take {MAX_EVENT}", {}
        )
    if len(document.base) + len(trial.update) > document.max_bytes:
        most = document.max_bytes
        return Refused("document_too_large", f"the document may take {most} bytes", {"max_bytes": most})
    if document.kind == "text":
        return None
    try:
        content = replica.content()
        return _definition(content) if document.kind == "workflow" else None
    except (ValueError, RuntimeError, RecursionError) as error:
        return Refused("bad_update", f"the content would be no JSON: {error}", {})


def _definition(content: Any) -> Refused | None:
    """Why it is no definition of a workflow."""
    from podium.contracts.definitions import BadDefinition, read_value  # a sixth of a start that seldom needs it

    try:
        read_value(content)
    except BadDefinition as bad:
        fault = bad.faults[0]
        return Refused("bad_definition", str(bad), {"path": fault.path, "faults": [str(one) for one in bad.faults]})
    return None


def _to(wanted: Any) -> Callable[[Any], None]:
    def make(root: Text | Map[Any]) -> None:
        if isinstance(root, Text):
            retype(root, wanted)
        else:
            check_value(wanted, "$.content")
            reconcile(root, wanted)

    return make


def _change(root: Any, command: EditStructure) -> None:
    change(root, command)


_AT_UPDATE: Final = {"path": "$.update"}
