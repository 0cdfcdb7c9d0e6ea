"""`podium document`: recordings of people at the keyboard, which need no server to be replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ._app import Exit, Json, Usage, app, guarded
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
        print(msgspec.json.encode(measured).decode())
    else:
        show(msgspec.to_builtins(measured))
    return Exit.OK if measured.exact else Exit.REFUSED
