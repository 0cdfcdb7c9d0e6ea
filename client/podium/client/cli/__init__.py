"""The command line: `podium`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import CycloptsError

from podium.runtime.pipes import close_output

from . import (
    agent,
    alerts,
    anomaly,
    archive,
    audit,
    conflict,
    diagnose,
    doctor,
    document,
    document_live,
    events,
    forget,
    health,
    history,
    hook,
    insights,
    message,
    negotiate,
    policy,
    pool,
    predict,
    propose,
    query,
    recoveries,
    relationships,
    replay,
    schedule,
    send,
    session,
    show,
    start,
    team,
    tender,
    vote,
    workflow,
    workflow_migration,
    workflow_orders,
    workflow_runs,
    workflow_status,
)
from ._app import Exit, app, tell

__all__ = [
    "agent",
    "alerts",
    "anomaly",
    "app",
    "archive",
    "audit",
    "conflict",
    "diagnose",
    "doctor",
    "document",
    "document_live",
    "events",
    "forget",
    "health",
    "history",
    "hook",
    "insights",
    "main",
    "message",
    "negotiate",
    "policy",
    "pool",
    "predict",
    "propose",
    "query",
    "recoveries",
    "relationships",
    "replay",
    "schedule",
    "send",
    "session",
    "show",
    "start",
    "team",
    "tender",
    "vote",
    "workflow",
    "workflow_migration",
    "workflow_orders",
    "workflow_runs",
    "workflow_status",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["up"]:
        return start.up(given[1:])
    # cyclopts takes a lone hyphen for an option.
    given = ["@-" if word == "-" else word for word in given]
    try:
        result = app(given, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        tell(f"{error} Try --help.")
        return Exit.NO_SERVER
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        close_output()
        return Exit.OK
    return result if isinstance(result, int) else Exit.OK
