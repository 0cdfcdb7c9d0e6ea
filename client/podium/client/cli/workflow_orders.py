"""`podium workflow cancel`, `signal`, `approve`, …: what is asked of runs that are there, or that are over."""

from __future__ import annotations

from typing import Any

from ._app import Common, Exit, run, tell
from ._saying import given, send
from .workflow import workflow
from .workflow_runs import DataSubject, Reason, RunId


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow cancel paper-7 --reason "no longer needed" """,
)
def cancel(run_id: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """End a run; its tasks and child workflows are cancelled."""
    return _send(run_id, "cancel_workflow", common, reason=reason)


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow pause paper-7 --reason "until Monday" """,
)
def pause(run_id: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Begin nothing new in a run until it is resumed."""
    return _send(run_id, "pause_workflow", common, reason=reason)


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow resume paper-7""",
)
def resume(run_id: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Let a paused run go on."""
    return _send(run_id, "resume_workflow", common, reason=reason)


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow signal paper-7 printed '{"copies": 2}'""",
)
def signal(
    run_id: str,
    name: str,
    payload: str = "null",
    /,
    *,
    data_subject: DataSubject = None,
    common: Common = Common(),
) -> int:
    """Tell a run something that a step of it waits for, or will.

    Parameters
    ----------
    payload
        JSON; the output of the step
    """
    import msgspec

    try:
        value = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        tell(f"the payload {payload!r} is no JSON")
        return Exit.NO_SERVER
    return _send(run_id, "signal_workflow", common, signal=name, payload=value, data_subject=data_subject)


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow approve paper-7 check --as ann --comment "well done" """,
)
def approve(
    run_id: str,
    step: str,
    /,
    *,
    comment: Reason = None,
    data_subject: DataSubject = None,
    common: Common = Common(),
) -> int:
    """Agree to what a step asks for; --as says who you are."""
    return _send(run_id, "approve_step", common, step=step, comment=comment, data_subject=data_subject)


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow reject paper-7 check --as ann --comment "too short" """,
)
def reject(
    run_id: str,
    step: str,
    /,
    *,
    comment: Reason = None,
    data_subject: DataSubject = None,
    common: Common = Common(),
) -> int:
    """Disagree: the step has failed."""
    return _send(run_id, "reject_step", common, step=step, comment=comment, data_subject=data_subject)


@workflow.command(
    help_epilogue="""\
Examples:
  podium workflow rerun paper-7
  podium workflow rerun paper-7 --step write --id paper-8""",
)
def rerun(run_id: str, /, *, step: str | None = None, id: RunId = None, common: Common = Common()) -> int:
    """Begin a new run that takes over what is done, and print its id.

    Parameters
    ----------
    step
        from where on everything is done again; by default what has failed and what follows from it
    """
    from podium.client._options import new_id

    new = id or new_id(run_id[:100])
    code = _send(new, "rerun_workflow", common, run=run_id, step=step)
    if code == Exit.OK:
        print(new)
    return code


def _send(entity: str, command: str, common: Common, **fields: Any) -> int:
    return run(send(common, "router", entity, (command, given(fields)), ""))
