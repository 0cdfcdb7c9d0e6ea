"""From a document to a workflow that can be run: its definition is made known to the router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Raw, Struct

from podium.client.errors import CommandRefused
from podium.contracts.workflows import DefineWorkflow, WorkflowDefined

if TYPE_CHECKING:
    from podium.client import Client
    from podium.contracts.definitions import Definition


class Published(Struct, frozen=True):
    """What the router knows now.

    Attributes:
        workflow: the id in the definition.
        version, hash: of the definition, as the router counts and makes them.
        revision: of the document.
        new: whether it was not known before.
    """

    workflow: str
    version: int
    hash: str
    document: str
    revision: int
    new: bool


async def publish(client: Client, document: str, revision: int, content: Any) -> Published:
    """Define the workflow that the content is: an object, or a text that holds one as JSON or YAML.

    Raises:
        CommandRefused: `bad_definition`, with all `faults`. Others as for `Client.send`.
    """
    from podium.contracts.definitions import to_json  # a sixth of a start that seldom needs it

    definition = _read(content)
    outcome = await client.send("router", definition.id, DefineWorkflow(Raw(to_json(definition))))
    versions = client.events(service="router", entity=definition.id, types=[WorkflowDefined], after=0, follow=False)
    known = [event.data async for event in versions if event.sequence <= outcome.sequence]
    newest = known[-1]
    assert isinstance(newest, WorkflowDefined)
    return Published(definition.id, newest.version, newest.hash, document, revision, bool(outcome.events))


def _read(content: Any) -> Definition:
    from podium.contracts.definitions import BadDefinition, read_text, read_value

    try:
        return read_text(content) if isinstance(content, str) else read_value(content)
    except BadDefinition as bad:
        faults = [{"path": fault.path, "message": fault.message} for fault in bad.faults]
        raise CommandRefused("bad_definition", str(bad), {"path": faults[0]["path"], "faults": faults}) from bad
