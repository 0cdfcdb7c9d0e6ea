"""`podium workflow run`, `start`, `status`, …: runs of workflows."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from ._app import Common, Exit, Json, Usage, run, tell
from .workflow import read_definition, tell_faults, workflow

if TYPE_CHECKING:
    from podium.client import Client
    from podium.contracts.definitions import Definition, Step
    from podium.contracts.workflows import WorkflowStarted

Reason = Annotated[str | None, Parameter(help="why, for those who look at it later")]
Input = Annotated[str, Parameter(help="what it is started with: JSON, or @file")]
Version = Annotated[int | None, Parameter(help="of the workflow [the newest]")]
Priority = Annotated[int | None, Parameter(help="of the run's tasks, 0 to 9 [what the definition says]")]
RunId = Annotated[str | None, Parameter(name="--id", help="of the run: the same start twice is one run [made up]")]


@workflow.command(
    name="run",
    help_epilogue="""\
Examples:
  podium workflow run paper.yaml --input '{"topic": "tides"}'
  podium workflow run paper --input @topic.json --id paper-7 --json

Exit codes: 0 completed, 1 failed or refused, 2 no server or bad arguments. Ctrl-C leaves the run running.""",
)
def run_(
    source: str,
    /,
    *,
    input: Input = "null",
    id: RunId = None,
    version: Version = None,
    priority: Priority = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Start a run and show how it goes until it is over; then print its output.

    Parameters
    ----------
    source
        a file, whose definition is made known first, or the id of a workflow
    json
        print the output alone
    """
    start = _Start(source, input, id, version, priority)
    return run(_run(start, json, common, wait=True))


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow start paper --input '{"topic": "tides"}' --id paper-7""",
)
def start(
    source: str,
    /,
    *,
    input: Input = "null",
    id: RunId = None,
    version: Version = None,
    priority: Priority = None,
    common: Common = Common(),
) -> int:
    """Start a run and print its id.

    Parameters
    ----------
    source
        a file, whose definition is made known first, or the id of a workflow
    """
    return run(_run(_Start(source, input, id, version, priority), False, common, wait=False))


class _Start(NamedTuple):
    """What is to be started."""

    source: str
    input: str
    id: str | None
    version: int | None
    priority: int | None


async def _run(asked: _Start, json: bool, common: Common, *, wait: bool) -> int:
    import msgspec

    from podium.client import workflows
    from podium.contracts.definitions import BadDefinition

    value = read_input(asked.input)
    try:
        definition = _read_source(Path(asked.source))
    except BadDefinition as bad:
        tell_faults(Path(asked.source), bad)
        return Exit.REFUSED
    async with common.client() as client:
        name = asked.source if definition is None else await workflows.define(client, definition)
        run_id = await workflows.start(
            client, name, value, run_id=asked.id, version=asked.version, priority=asked.priority
        )
        if not wait:
            print(run_id)
            return Exit.OK
        try:
            output = await _watch(client, run_id, quiet=json or not sys.stderr.isatty())
        except workflows.RunFailed as failed:
            tell(str(failed))
            return Exit.REFUSED
    text = msgspec.json.encode(output)
    print(text.decode() if json else msgspec.json.format(text, indent=2).decode())
    return Exit.OK


def read_input(text: str) -> Any:
    """Raises: Usage"""
    import msgspec

    try:
        return msgspec.json.decode(Path(text[1:]).read_bytes() if text.startswith("@") else text)
    except (OSError, msgspec.DecodeError) as error:
        raise Usage(f"--input: {error}") from error


def _read_source(path: Path) -> Definition | None:
    """The definition in a file; None for what is the id of a workflow.

    Raises:
        BadDefinition
        Usage
    """
    return read_definition(path) if path.suffix or path.exists() else None


async def _watch(client: Client, run_id: str, *, quiet: bool) -> Any:
    """Wait for a run's output, and show its steps on stderr while they change."""
    from podium.client import workflows

    if quiet:
        return await workflows.result(client, run_id)
    from rich.console import Console
    from rich.live import Live

    from podium.contracts.workflows import WorkflowStarted

    from ._progress import Progress

    progress = Progress(run_id)
    with Live(progress, console=Console(stderr=True), refresh_per_second=8):
        async for event in workflows.story(client, run_id):
            if isinstance(event.data, WorkflowStarted):
                progress.steps = await _steps_of(client, event.data)
            if progress.add(event.data, datetime.fromisoformat(event.envelope.time).timestamp()):
                break
    return await workflows.result(client, run_id)


async def _steps_of(client: Client, started: WorkflowStarted) -> dict[str, Step]:
    """The steps of a run's definition; none where the read models do not answer."""
    import msgspec

    from podium.client import PodiumError
    from podium.contracts.definitions import read_value
    from podium.contracts.workflow_queries import GetDefinition

    asked = GetDefinition(workflow=started.workflow, version=started.version, fresh=True, wait=2.0)
    try:
        answer = await client.query(asked)
    except PodiumError:
        return {}
    return {step.id: step for step in read_value(msgspec.json.decode(answer.definition)).tasks}


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
def signal(run_id: str, name: str, payload: str = "null", /, *, common: Common = Common()) -> int:
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
    return _send(run_id, "signal_workflow", common, signal=name, payload=value)


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow approve paper-7 check --as ann --comment "well done" """,
)
def approve(run_id: str, step: str, /, *, comment: Reason = None, common: Common = Common()) -> int:
    """Agree to what a step asks for; --as says who you are."""
    return _send(run_id, "approve_step", common, step=step, comment=comment)


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow reject paper-7 check --as ann --comment "too short" """,
)
def reject(run_id: str, step: str, /, *, comment: Reason = None, common: Common = Common()) -> int:
    """Disagree: the step has failed."""
    return _send(run_id, "reject_step", common, step=step, comment=comment)


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
    async def send() -> int:
        body = {name: value for name, value in fields.items() if value is not None}
        async with common.client() as client:
            await client.send("router", entity, (command, body))
        return Exit.OK

    return run(send())
