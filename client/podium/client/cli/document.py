"""`podium document`: what takes one command, and recordings, which need no server to be replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Usage, app, guarded, run, tell
from ._saying import show_json
from .workflow import content_of

document = App(name="document", help="Shared documents: many write in them at once.")
app.command(document)


@document.command(
    help_epilogue="""\
Examples:
  podium document replay automerge-paper.json.gz
  podium document replay friendsforever.json.gz --json | jq .exact

The formats are those of editing-traces, sequential and concurrent, gzipped or not.
Exit codes: 0 the text is exact, 1 it is not, 2 a file that cannot be read.""",
)
def replay(
    file: Path,
    /,
    *,
    batch: Annotated[int, Parameter(help="keystrokes that are sent and stored together")] = 500,
    json: Json = False,
) -> int:
    """Type a recording again, each writer on a replica of its own, and compare the merged text with the recording's.

    Parameters
    ----------
    file
        the recording; - for the standard input
    """
    return guarded(lambda: _replay(file, batch, json))


@document.command(
    help_epilogue="""\
Examples:
  podium document publish plan
  podium document publish plan --at 3 --json | jq .version
  podium workflow run paper --input '{"topic": "tides"}'

Exit codes: 0 it can be started, 1 it is no whole definition: each fault is told.""",
)
def publish(
    name: str,
    /,
    *,
    at: Annotated[int | None, Parameter(help="the revision; the newest by default")] = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Make the workflow definition that a document holds known to podium, as a new version if it has changed.

    A document of the kind workflow always holds a whole one; a structure, or a text in YAML or JSON, may.
    """
    return run(_publish(name, at, json, common))


@document.command(
    help_epilogue="""\
Example:
  podium document restore notes 7""",
)
def restore(name: str, revision: int, /, *, common: Common = Common()) -> int:
    """Make the content what it was at a revision, as a new one; 0 is the empty document."""
    done = f"restored   {name} to revision {revision}"
    return run(sent(common, name, "restore_document", done, revision=revision))


@document.command(
    help_epilogue="""\
Example:
  podium document grant notes bob reader""",
)
def grant(
    name: str, principal: str, role: Literal["owner", "editor", "reader", "none"], /, *, common: Common = Common()
) -> int:
    """Give a principal a role; you must be an owner."""
    return run(
        sent(common, name, "grant_document", f"granted    {role} to {principal}", principal=principal, role=role)
    )


@document.command(
    help_epilogue="""\
Example:
  podium document close notes --reason "the meeting is over" """,
)
def close(name: str, /, *, reason: str | None = None, common: Common = Common()) -> int:
    """End a document for good; you must be an owner. What it was can still be read."""
    return run(sent(common, name, "close_document", f"closed     {name}", reason=reason))


async def _publish(name: str, at: int | None, json: bool, common: Common) -> int:
    import msgspec

    from podium.client import CommandRefused

    async with common.client() as client:
        try:
            made = await client.document(name).publish(at)
        except LookupError as error:
            raise Usage(str(error)) from error
        except CommandRefused as refused:
            faults: list[dict[str, str]] = refused.details.get("faults", [])
            if not faults:
                raise
            if json:
                print(msgspec.json.encode({"published": False, "faults": faults}).decode())
            for fault in faults:
                tell(f"{name}: {fault['path']}: {fault['message']}")
            return Exit.REFUSED
    if json:
        show_json(made)
    else:
        said = "published " if made.new else "known as  "
        print(f"{said} {made.workflow} version {made.version} ({made.hash}), of {name} at revision {made.revision}")
    return Exit.OK


def _replay(file: Path, batch: int, json: bool) -> int:
    import msgspec

    from podium.client.documents.measuring import measure
    from podium.client.documents.recordings import BadRecording, read_recording

    from ._tables import show

    if batch < 1:
        raise Usage("--batch: at least 1 keystroke")
    try:
        measured = measure(read_recording(content_of(file)), batch)
    except BadRecording as bad:
        raise Usage(f"{file}: {bad}") from bad
    if json:
        show_json(measured)
    else:
        show(msgspec.to_builtins(measured))
    return Exit.OK if measured.exact else Exit.REFUSED


async def sent(common: Common, name: str, command: str, done: str, **body: Any) -> int:
    """Send one command and say what is done."""
    async with common.client() as client:
        outcome = await client.send("collaboration", name, (command, body))
    print(done if outcome.events else f"{name}: it was so already")
    return Exit.OK
