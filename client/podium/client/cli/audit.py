"""`podium audit`: do the logs keep what podium promises, and what is proof of it? Programs of their own do the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ._app import Common, Json, Usage, app, guarded, start_module

Part = Literal["log", "state", "read-models"]

_KEEPER = "podium.keeper.main"

group = App(
    name="audit",
    help="Look whether the event logs keep what podium promises; nothing is changed. Exports, and their proof.",
    help_epilogue="""\
Examples:
  podium audit
  podium audit log state
  podium audit --commands heard.jsonl --json | jq .findings

A line of the file: {"command_id": "c1", "service": "router", "outcome": "accepted"}; or refused, or unknown.

Exit codes: 0 all is well; 1 something was found, and it names the event; 2 nothing can be said.""",
    version_flags=[],
)
app.command(group)


@group.default
def audit(
    *parts: Annotated[
        Part,
        Parameter(
            help="log: every command once, one live attempt a task, slots, numbers; state: snapshots beside the log; "
            "read-models: every row beside a rebuild; all of them by default",
        ),
    ],
    commands: Annotated[Path | None, Parameter(help="what clients sent and heard, as JSON lines")] = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Look whether the event logs keep what podium promises; nothing is changed."""
    options = [*(("--commands", str(commands)) if commands is not None else ()), *(("--json",) if json else ())]
    return start_module("podium.audit.main", *parts, *options, environment=common.environment())


@group.command(
    help_epilogue="""\
Examples:
  podium audit export --output may.jsonl
  podium audit export --format csv --since 7d > week.csv
  podium audit export --service router | jq -c 'select(.outcome == "refused")'

Exit codes: 0 written, 2 no server, nobody who signs, or bad arguments.""",
)
def export(
    *,
    format: Literal["jsonl", "csv"] = "jsonl",
    service: list[str] | None = None,
    since: str | None = None,
    output: Path | None = None,
    common: Common = Common(),
) -> int:
    """Write every event with its command, principal, time and outcome, and the signatures that prove them.

    Parameters
    ----------
    format
        jsonl or csv
    service
        only this service's events; may be given several times
    since
        from the checkpoint before then on: 7d ago (s, m, h, d) or an ISO 8601 time
    output
        a file instead of standard output
    """
    options = [word for name in service or () for word in ("--service", name)]
    if output is not None:
        options += ["--output", str(output)]
    if since is not None:
        from ._reading import BadFields, read_moment

        try:
            options += ["--since", str(read_moment(since))]
        except BadFields as error:
            reason = str(error)
            return guarded(lambda: _refuse(f"--since: {reason}"))
    return start_module(_KEEPER, "export", "--format", format, *options, environment=common.environment())


@group.command(
    help_epilogue="""\
Examples:
  podium audit verify may.jsonl --key audit.pub
  podium audit verify week.csv --json | jq .fault
  podium audit verify

Exit codes: 0 as it was signed; 1 changed or cut, and it names the first place; 2 nothing can be said.""",
)
def verify(
    export: Path | None = None,
    /,
    *,
    key: Path | None = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Prove that an export was neither changed nor cut; no server is asked.

    Parameters
    ----------
    export
        a file of `podium audit export`; without one, the streams themselves are verified as they are now
    key
        the public key, PEM, that must have signed it: what `podium audit key` prints
    """
    given = [str(export)] if export is not None else []
    options = [*(("--key", str(key)) if key is not None else ()), *(("--json",) if json else ())]
    return start_module(_KEEPER, "verify", *given, *options, environment=common.environment())


@group.command(
    help_epilogue="""\
Examples:
  podium audit key > audit.pub
  podium audit key --new audit-key.pem > audit.pub

Exit codes: 0 printed, 2 there is no such key, or the file is there already.""",
)
def key(*, new: Path | None = None, common: Common = Common()) -> int:
    """Print the public key that checkpoints are signed with: audit-key.pem in PODIUM_DATA, or PODIUM_AUDIT_KEY.

    Parameters
    ----------
    new
        make a new private key in this file, and print its public key
    """
    options = ["--new", str(new)] if new is not None else []
    return start_module(_KEEPER, "key", *options, environment=common.environment())


def _refuse(sentence: str) -> int:
    """Raises: Usage"""
    raise Usage(sentence)
