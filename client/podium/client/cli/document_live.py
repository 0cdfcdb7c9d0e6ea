"""`podium document`: documents on a server, begun, read, written and followed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ._app import Common, Exit, Json, Limit, Usage, run
from ._saying import show_answer
from .document import document, sent
from .workflow import content_of

if TYPE_CHECKING:
    from podium.client import Client

Kind = Literal["text", "structure", "workflow"]
ContentFile = Annotated[Path | None, Parameter(name="--file", help="its content; - for the standard input")]


@document.command(
    help_epilogue="""\
Examples:
  podium document create notes --title "Notes of Monday" --others reader
  podium document create plan --kind workflow --file paper.json""",
)
def create(
    name: str,
    /,
    *,
    kind: Kind = "text",
    file: ContentFile = None,
    title: str | None = None,
    others: Literal["editor", "reader", "none"] = "editor",
    max_participants: int = 100,
    idle_timeout: float = 3600.0,
    common: Common = Common(),
) -> int:
    """Begin a document; you are its owner.

    Parameters
    ----------
    kind
        a workflow is a structure that is a whole definition at all times
    others
        what those may do who have no role of their own
    max_participants
        how many may be in it at the same time
    idle_timeout
        seconds without an edit after which one is no longer in it
    """

    async def work() -> int:
        options: dict[str, Any] = {"kind": kind, "title": title, "others": others}
        options |= {"max_participants": max_participants, "idle_timeout": idle_timeout}
        if file is not None:
            options["content"] = _read_content(file, is_text=kind == "text")
        return await sent(common, name, "create_document", f"created    {name}", **options)

    return run(work())


@document.command(
    name="list",
    help_epilogue="""\
Examples:
  podium document list
  podium document list --kind workflow --all --json""",
)
def list_(
    *,
    kind: Kind | None = None,
    also_closed: Annotated[bool, Parameter(name="--all", negative=(), help="those that are closed as well")] = False,
    limit: Limit = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List documents, the one changed last first."""

    async def work() -> int:
        from podium.contracts.document_queries import ListDocuments

        async with common.client() as client:
            query = ListDocuments(kind=kind, closed=None if also_closed else False, limit=limit, fresh=True)
            return show_answer(await client.query(query), json)

    return run(work())


@document.command(
    help_epilogue="""\
Examples:
  podium document show notes
  podium document show plan --at 3 > plan.json""",
)
def show(
    name: str,
    /,
    *,
    at: Annotated[int | None, Parameter(help="the revision; the newest by default")] = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Print the content: a text as it is, a structure as JSON; with --json all that is known of the document."""

    async def work() -> int:
        async with common.client() as client:
            content, revision = await _content(client, name, at)
            if not json:
                sys.stdout.write(_as_text(content))
                return Exit.OK
            import msgspec

            from podium.contracts.document_queries import GetDocument

            detail = (await client.query(GetDocument(document_id=name))).document
            known = msgspec.to_builtins(detail) | {"revision": revision, "content": content}
            print(msgspec.json.encode(known).decode())
            return Exit.OK

    return run(work())


@document.command(
    help_epilogue="""\
Examples:
  podium document edit notes --at 0 --insert "To do: "
  podium document edit notes --at 5 --delete 3
  podium document edit notes --file notes.txt
  podium document edit plan --path tasks/0/skills --set '["write"]'
  podium document edit plan --path tasks/1 --remove""",
)
def edit(
    name: str,
    /,
    *,
    at: Annotated[int | None, Parameter(help="of a text: the position, in characters; its end by default")] = None,
    insert: Annotated[str | None, Parameter(help="text to insert there; with --path a new value, as JSON")] = None,
    delete: Annotated[int, Parameter(help="of a text: how many characters go")] = 0,
    file: ContentFile = None,
    path: Annotated[str | None, Parameter(help="of a structure: keys and places with slashes between them")] = None,
    value: Annotated[str | None, Parameter(name="--set", help="with --path: the value, as JSON")] = None,
    remove: Annotated[bool, Parameter(negative=(), help="with --path: it goes")] = False,
    common: Common = Common(),
) -> int:
    """Edit a text at a position, or make it what a file says; or change one place of a structure."""

    async def work() -> int:
        if path is not None:
            if [value is not None, insert is not None, remove].count(True) != 1:
                raise Usage("--path needs one of --set, --insert and --remove")
            keys = _keys(path)
            if remove:
                body: dict[str, Any] = {"path": keys, "operation": "delete"}
            else:
                operation = "set" if value is not None else "insert"
                body = {
                    "path": keys,
                    "operation": operation,
                    "value": _json(value if value is not None else insert or ""),
                }
            return await sent(common, name, "edit_structure", f"edited     {name}", **body)
        if insert is None and not delete and file is None:
            raise Usage("say what to do: --insert, --delete, --file, or --path")
        wanted = _read_content(file, is_text=True) if file is not None else None
        async with common.client() as client, client.document(name) as opened:
            text = opened.text
            try:
                if wanted is not None:
                    text.become(wanted)
                else:
                    text.replace(len(text) if at is None else at, delete, insert or "")
            except IndexError as error:
                raise Usage(str(error)) from error
            revision = await opened.saved()
        print(f"edited     {name}, revision {revision}")
        return Exit.OK

    return run(work())


@document.command(
    name="open",
    help_epilogue="""\
Examples:
  podium document open notes
  podium document open notes --json | jq .content""",
)
def open_(name: str, /, *, json: Json = False, common: Common = Common()) -> int:
    """Follow a document: its content, and each change as it comes, until Ctrl-C."""

    async def work() -> int:
        import msgspec

        def tell(by: str | None, revision: int, content: Any, others: list[Any]) -> None:
            if json:
                known = {"revision": revision, "by": by, "content": content, "others": msgspec.to_builtins(others)}
                print(msgspec.json.encode(known).decode(), flush=True)
                return
            there = ", ".join(one.name for one in others)
            head = f"revision {revision}" + (f" by {by}" if by else "") + (f"; here: {there}" if there else "")
            print(f"--- {head}\n{_as_text(content)}", end="", flush=True)

        async with common.client() as client, client.document(name) as opened:
            changes = opened.changes()
            tell(None, opened.revision, opened.content, opened.others)
            await opened.tell()
            async for change in changes:
                tell(change.by, change.revision, opened.content, opened.others)
        return Exit.OK

    return run(work())


@document.command(
    help_epilogue="""\
Examples:
  podium document history notes
  podium document history notes --limit 10 --json""",
)
def history(name: str, /, *, limit: Limit = 50, json: Json = False, common: Common = Common()) -> int:
    """List the changes of a document's content, the newest first."""

    async def work() -> int:
        from podium.contracts.document_queries import DocumentHistory

        async with common.client() as client:
            return show_answer(await client.query(DocumentHistory(document_id=name, limit=limit, fresh=True)), json)

    return run(work())


async def _content(client: Client, name: str, at: int | None) -> tuple[Any, int]:
    from podium.client.documents.loading import content_of, load

    loaded = await load(client.connection, client.subjects, name, to=at)
    if at is not None and loaded.revision != at:
        raise Usage(f"{name} has no revision {at}; the newest is {loaded.revision}")
    return content_of(loaded), loaded.revision


def _as_text(content: Any) -> str:
    import msgspec

    text = content if isinstance(content, str) else msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
    return text if text.endswith("\n") else text + "\n"


def _read_content(file: Path, *, is_text: bool) -> Any:
    try:
        text = content_of(file).decode()
    except UnicodeDecodeError as error:
        raise Usage(f"{file}: it is no UTF-8 (byte {error.start})") from error
    return text if is_text else _json(text, f"{file}: ")


def _json(text: str, where: str = "") -> Any:
    import msgspec

    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Usage(f"{where}it is no JSON: {error}") from error


def _keys(path: str) -> list[str | int]:
    """`tasks/0/id` as a path; a place in a list is written in digits."""
    return [int(key) if key.isdecimal() else key for key in path.split("/") if key]
