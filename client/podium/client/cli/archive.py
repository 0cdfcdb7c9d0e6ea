"""`podium archive`: every event in compressed files, signed. A program of its own does the work."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from ._app import Common, Json, app, start_module

_KEEPER = "podium.keeper.main"

group = App(name="archive", help="Keep every event in compressed files beside the server, signed.", version_flags=[])
app.command(group)


@group.command(
    help_epilogue="""\
Example:
  podium archive run /backup/podium

Exit codes: 0 written, 2 no server, nobody who signs, or a directory that cannot be used.""",
)
def run(directory: Path, /, *, common: Common = Common()) -> int:
    """Add the events that are not yet in the archive; nothing is removed from the streams."""
    return start_module(_KEEPER, "archive", "run", str(directory), environment=common.environment())


@group.command(
    help_epilogue="""\
Example:
  podium archive verify /backup/podium --key audit.pub

Exit codes: 0 as it was signed; 1 not, and each fault has a line; 2 there is no archive.""",
)
def verify(directory: Path, /, *, key: Path | None = None, common: Common = Common()) -> int:
    """Look at every file of an archive; no server is asked.

    Parameters
    ----------
    key
        the public key, PEM, that must have signed it: what `podium audit key` prints
    """
    options = ["--key", str(key)] if key is not None else []
    return start_module(_KEEPER, "archive", "verify", str(directory), *options, environment=common.environment())


@group.command(
    name="list",
    help_epilogue="""\
Example:
  podium archive list /backup/podium
  podium archive list /backup/podium --json | jq .pieces[].file""",
)
def list_(directory: Path, /, *, json: Json = False, common: Common = Common()) -> int:
    """List the files of an archive: which events each has. `zstdcat FILE` shows them as JSON Lines."""
    options = ["--json"] if json else []
    return start_module(_KEEPER, "archive", "list", str(directory), *options, environment=common.environment())
