"""`podium audit`: do the logs keep what podium promises? The work is done by a program of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ._app import Common, Json, app, start_module


@app.command(
    help_epilogue="""\
Examples:
  podium audit
  podium audit log state
  podium audit --commands heard.jsonl --json | jq .findings

A line of the file: {"command_id": "c1", "service": "router", "outcome": "accepted"}; or refused, or unknown.

Exit codes: 0 all is well; 1 something was found, and it names the event; 2 nothing can be said.""",
)
def audit(
    *parts: str,
    commands: Annotated[Path | None, Parameter(help="what clients sent and heard, as JSON lines")] = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Look whether the event logs keep what podium promises; nothing is changed.

    Parameters
    ----------
    parts
        log (every command once, one live attempt a task, slots, numbers), state (snapshots beside the log), read-models
        (every row beside a rebuild); all of them by default
    """
    options = [*(("--commands", str(commands)) if commands is not None else ()), *(("--json",) if json else ())]
    return start_module("podium.audit.main", *parts, *options, environment=common.environment())
