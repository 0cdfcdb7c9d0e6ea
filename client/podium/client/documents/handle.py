"""A shared document by its name: what can be done with it without having it open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, Unpack

from podium.client.errors import CommandRefused
from podium.contracts.document_queries import DocumentHistory, RevisionRow
from podium.contracts.documents import (
    CloseDocument,
    CreateDocument,
    EditStructure,
    GrantDocument,
    Operation,
    RestoreDocument,
    Role,
)

from .loading import content_of, load
from .options import DocumentOptions
from .publishing import Published, publish

if TYPE_CHECKING:
    from podium.client import Client


class Handle:
    """Each of its commands raises as `Client.send` does, each question as `Client.query`."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._client = client

    async def create(self, **options: Unpack[DocumentOptions]) -> Self:
        """Begin the document, if it is not there; who asks for it is its owner. It is not opened by this.

        Args:
            options: such as `kind="structure"`, `content={}`, `others="reader"`; the fields of `create_document`.

        Raises:
            CommandRefused: `document_exists` is not among what is raised.
        """
        try:
            await self._client.send("collaboration", self.name, CreateDocument(**options))
        except CommandRefused as refused:
            if refused.code != "document_exists":
                raise
        return self

    async def edit(self, path: list[str | int], operation: Operation, *value: Any) -> None:
        """Change one place of a structure by the service's hand."""
        command = EditStructure(path, operation, *value)
        await self._client.send("collaboration", self.name, command)

    async def restore(self, revision: int) -> None:
        """Make the content what it was at a revision, as a new one."""
        await self._client.send("collaboration", self.name, RestoreDocument(revision))

    async def grant(self, principal: str, role: Role) -> None:
        """Give a principal a role: `owner`, `editor`, `reader` or `none`."""
        await self._client.send("collaboration", self.name, GrantDocument(principal, role))

    async def end(self, reason: str | None = None) -> None:
        """Close it for good, for everybody; what it was can still be read."""
        await self._client.send("collaboration", self.name, CloseDocument(reason))

    # Of a text or a structure, open or not

    async def at(self, revision: int | None = None) -> Any:
        """The content at a revision, or the newest: a string, or what JSON carries.

        Raises:
            LookupError: there is no such revision.
        """
        return (await self._at(revision))[0]

    async def history(self, limit: int = 100) -> list[RevisionRow]:
        """The changes of the content, the newest first: when, whose, how."""
        return (await self._client.query(DocumentHistory(document_id=self.name, limit=limit, fresh=True))).revisions

    async def publish(self, revision: int | None = None) -> Published:
        """Make the definition that it holds, at a revision or the newest, a workflow that can be started.

        The same definition once more changes nothing; another one of the same id is a new version.

        Raises:
            CommandRefused: `bad_definition`, with all `faults`.
            LookupError: there is no such revision.
        """
        content, found = await self._at(revision)
        return await publish(self._client, self.name, found, content)

    async def _at(self, revision: int | None) -> tuple[Any, int]:
        loaded = await load(self._client.connection, self._client.subjects, self.name, to=revision)
        if revision is not None and loaded.revision != revision:
            raise LookupError(f"{self.name} has no revision {revision}; the newest is {loaded.revision}")
        return content_of(loaded), loaded.revision
