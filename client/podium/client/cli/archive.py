"""`podium archive`: every event in compressed files, signed. A program of its own does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ._app import Common, Json, app, start_module

group = App(
    name="archive",
    help="Keep every event in compressed files, signed; and cut from the server what is kept.",
    version_flags=[],
)
app.command(group)

Where = Annotated[str, Parameter(help="a directory, or `objects` for the server's object store")]


@group.command(
    help_epilogue="""\
Examples:
  podium archive run /backup/podium
  podium archive run objects

Exit codes: 0 written, 2 no server, nobody who signs, or a directory that cannot be used.""",
)
def run(place: Where, /, *, common: Common = Common()) -> int:
    """Add the events that are not yet in the archive; nothing is removed from the streams."""
    return _keeper("run", place, common=common)


@group.command(
    help_epilogue="""\
Examples:
  podium archive verify /backup/podium --key audit.pub
  podium archive verify objects

Exit codes: 0 as it was signed; 1 not, and each fault has a line; 2 there is no archive.""",
)
def verify(place: Where, /, *, key: Path | None = None, common: Common = Common()) -> int:
    """Look at every file of an archive; for a directory no server is asked.

    Parameters
    ----------
    key
        the public key, PEM, that must have signed it: what `podium audit key` prints
    """
    return _keeper("verify", place, *(["--key", str(key)] if key is not None else []), common=common)


@group.command(
    name="list",
    help_epilogue="""\
Examples:
  podium archive list /backup/podium
  podium archive list /backup/podium --json | jq .pieces[].file""",
)
def list_(place: Where, /, *, json: Json = False, common: Common = Common()) -> int:
    """List the files of an archive: which events each has. `zstdcat FILE` shows them as JSON Lines."""
    return _keeper("list", place, *(["--json"] if json else []), common=common)


@group.command(
    help_epilogue="""\
Examples:
  podium archive cut /backup/podium
  podium archive cut /backup/podium --keep 100000
  podium archive cut /backup/podium --keep 1 --days 90
  podium archive cut objects --to router:1841 --json

Exit codes: 0 cut, or there was nothing to cut; 1 refused, and it says why; 2 no server, or nobody who signs.""",
)
def cut(
    place: Where,
    /,
    *,
    keep: int = 10_000,
    days: float | None = None,
    to: list[str] | None = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Cut from the streams what is in an archive, when the archive is proved and every service has a snapshot.

    Whoever reads events from then on reads those that were cut from the archive: it must stay where it is.
    The keeper does the same by itself where PODIUM_KEEP_DAYS or PODIUM_KEEP_EVENTS, and PODIUM_ARCHIVE say so.

    Parameters
    ----------
    keep
        events that stay in each stream, even if they are archived
    days
        events that were stored in the last so many days stay, too
    to
        SERVICE:SEQUENCE, the last event to be cut from that service's stream, and nothing from others; may be repeated
    """
    options = [word for position in to or () for word in ("--to", position)]
    options += ["--days", str(days)] if days is not None else []
    return _keeper("cut", place, "--keep", str(keep), *options, *(["--json"] if json else []), common=common)


@group.command(
    help_epilogue="""\
Example:
  podium archive place /mnt/archives/podium

Exit codes: 0 said, 2 no server, or there is no archive.""",
)
def place(where: Where, /, *, common: Common = Common()) -> int:
    """Say where the archive is now, after it was moved: all processes read there what was cut from the streams."""
    return _keeper("place", where, common=common)


def _keeper(*arguments: str, common: Common) -> int:
    return start_module("podium.keeper.main", "archive", *arguments, environment=common.environment())
