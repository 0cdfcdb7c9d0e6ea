"""`podium workflow status`, `list`, `stats`: what becomes of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ._app import Common, Exit, Json, Limit, Usage, run
from ._saying import ask, show_json
from .workflow import workflow

Phase = Literal["running", "paused", "completed", "failed", "cancelled"]

if TYPE_CHECKING:
    from podium.client import Client
    from podium.contracts.definitions import Definition
    from podium.contracts.workflow_queries import StepRow


@workflow.command(
    help_epilogue="""\
Examples:
  podium workflow status paper-7
  podium workflow status paper-7 --timeline""",
)
def status(
    run_id: str,
    /,
    *,
    timeline: Annotated[
        bool, Parameter(negative=(), help="when each step went on, and which of them determined how long it took")
    ] = False,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Say where a run is, what it waits for, and what became of its steps."""
    return run(_timeline(run_id, json, common) if timeline else _status(run_id, json, common))


async def _status(run_id: str, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.workflow_queries import GetRun

    async with common.client() as client:
        answer = await client.query(GetRun(run_id=run_id, fresh=True))
        steps = await steps_of(client, run_id)
    content = msgspec.json.decode(msgspec.json.encode(answer)) | {"steps": msgspec.to_builtins(steps)}
    if json:
        show_json(content)
    else:
        from . import _tables

        waiting = {"waits for": "\n".join(answer.waiting.reasons)} if answer.waiting is not None else {}
        end = {name: content[name] for name in ("output", "undone") if name in content}
        _tables.show({**content["run"], **waiting, **end, "tasks of steps": content["steps"]})
    return Exit.OK


async def _timeline(run_id: str, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.workflow_insights import GetCritical

    async with common.client() as client:
        critical = await client.query(GetCritical(run_id=run_id, fresh=True))
        steps = await steps_of(client, run_id)
    if json:
        content = msgspec.json.decode(msgspec.json.encode(critical)) | {"steps": msgspec.to_builtins(steps)}
        show_json(content)
    else:
        from ._timeline import show

        show(critical, steps)
    return Exit.OK


async def steps_of(client: Client, run_id: str) -> list[StepRow]:
    """All steps that have begun."""
    from podium.contracts.workflow_queries import ListSteps

    found: list[StepRow] = []
    cursor: str | None = None
    while True:
        page = await client.query(ListSteps(run_id=run_id, cursor=cursor, fresh=cursor is None))
        found += page.steps
        if page.next is None:
            return found
        cursor = page.next


@workflow.command(
    name="list",
    help_epilogue="""\
Examples:
  podium workflow list
  podium workflow list paper --phase failed --json""",
)
def list_(
    name: str = "", /, *, phase: Phase | None = None, limit: Limit = 50, json: Json = False, common: Common = Common()
) -> int:
    """List workflows; with a name or a phase, runs, the newest first.

    Parameters
    ----------
    name
        of a workflow
    phase
        running, paused, completed, failed or cancelled
    """
    return run(_list(name, phase, limit, json, common))


async def _list(name: str, phase: str | None, limit: int, json: bool, common: Common) -> int:
    import msgspec

    from podium.contracts.workflow_queries import ListRuns, ListWorkflows

    if not name and not phase:
        return await ask(common, ListWorkflows(fresh=True), json)
    fields = {"workflow": name or None, "phase": phase, "limit": limit, "fresh": True}
    try:
        asked = msgspec.convert(fields, ListRuns)
    except msgspec.ValidationError as error:
        raise Usage(str(error)) from error
    return await ask(common, asked, json)


@workflow.command(
    help_epilogue="""\
Examples:
  podium workflow stats paper
  podium workflow stats paper --hours 168 --version 2 --json""",
)
def stats(
    name: str,
    /,
    *,
    hours: float = 24.0,
    version: int | None = None,
    slowest: int = 20,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Say how the runs of a workflow did: outcomes, durations, the slowest steps.

    Parameters
    ----------
    hours
        those that ended within so many hours
    version
        those of one version alone
    slowest
        so many steps
    """
    return run(_stats(name, hours, version, slowest, json, common))


async def _stats(name: str, hours: float, version: int | None, slowest: int, json: bool, common: Common) -> int:
    import time

    from podium.contracts.workflow_insights import WorkflowStatistics

    since = max(0.0, time.time() - hours * 3600.0)
    asked = WorkflowStatistics(workflow=name, version=version, since=since, slowest=slowest, fresh=True)
    return await ask(common, asked, json)


async def draw(run_id: str, how: Callable[[Definition, dict[str, str]], str], common: Common) -> int:
    """A run's picture, its states coloured."""
    import msgspec

    from podium.contracts.definitions import read_value
    from podium.contracts.workflow_queries import GetDefinition, GetRun

    async with common.client() as client:
        found = (await client.query(GetRun(run_id=run_id, fresh=True))).run
        answer = await client.query(GetDefinition(workflow=found.workflow, version=found.version))
        steps = await steps_of(client, run_id)
    definition = read_value(msgspec.json.decode(answer.definition))
    print(how(definition, {step.step: step.phase for step in steps}), end="")
    return Exit.OK
