"""`podium workflow run`, `start`: runs of workflows begin."""

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
DataSubject = Annotated[
    str | None, Parameter(help="whose data it is: it is sealed, and no longer readable once they are forgotten")
]
RunId = Annotated[str | None, Parameter(name="--id", help="of the run: the same start twice is one run [made up]")]


@workflow.command(
    name="run",
    help_epilogue="""\
Examples:
  podium workflow run paper.yaml --input '{"topic": "tides"}'
  podium workflow run paper --input @topic.json --id paper-7 --json
  podium workflow run visit --input '{"patient": {"age": 41}}' --data-subject person-17

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
    data_subject: DataSubject = None,
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
    start = _Start(source, input, id, version, priority, data_subject)
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
    data_subject: DataSubject = None,
    common: Common = Common(),
) -> int:
    """Start a run and print its id.

    Parameters
    ----------
    source
        a file, whose definition is made known first, or the id of a workflow
    """
    return run(_run(_Start(source, input, id, version, priority, data_subject), False, common, wait=False))


class _Start(NamedTuple):
    """What is to be started."""

    source: str
    input: str
    id: str | None
    version: int | None
    priority: int | None
    data_subject: str | None


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
            client,
            name,
            value,
            run_id=asked.id,
            version=asked.version,
            priority=asked.priority,
            data_subject=asked.data_subject,
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
