"""Workflows in Python: a builder that makes the same definitions as YAML does, and runs of them.

paper = Workflow("paper")
fetch = paper.step("fetch", skills=["search"], input={"q": "${input.topic}"})
paper.step("write", after=[fetch], skills=["write"], input=fetch.output)
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from podium.contracts.definitions import BadDefinition, Definition, read_value, to_json
from podium.contracts.workflows import (
    RUN_CLOSING,
    ApproveStep,
    CancelWorkflow,
    DefineWorkflow,
    PauseWorkflow,
    RejectStep,
    RerunWorkflow,
    ResumeWorkflow,
    SignalWorkflow,
    StartWorkflow,
    WorkflowCompleted,
    WorkflowFailed,
)

from ._options import new_id
from ._sealing import decoded
from .errors import CommandRefused, PodiumError

if TYPE_CHECKING:
    from ._client import Client
    from ._events import ReceivedEvent


class RunFailed(PodiumError):
    """A run that was waited for has no output; `code` is its last step's, or `cancelled`."""

    def __init__(self, run_id: str, code: str, message: str) -> None:
        super().__init__(f"run {run_id}: {code}{f': {message}' if message else ''}")
        self.run_id = run_id
        self.code = code
        self.message = message


class StepHandle(Struct, frozen=True):
    """A step of a workflow that is being built."""

    id: str

    @property
    def output(self) -> str:
        """What another step's input may be: this one's output."""
        return f'${{steps["{self.id}"].output}}'

    def field(self, *names: str) -> str:
        """A field of the output, however deep: `fetch.field("hits", "first")`."""
        below = "".join(f'["{name}"]' for name in names)
        return f'${{steps["{self.id}"].output{below}}}'


class Workflow:
    """A definition that grows step by step; the words are those of a file.

    Args:
        fields: of the whole definition, such as `input_schema`, `output`, `limits`, `roles`.
    """

    def __init__(self, id: str, **fields: Any) -> None:
        self.id = id
        self._fields = fields
        self._steps: list[dict[str, Any]] = []

    def step(self, id: str, *, after: Iterable[StepHandle | str] = (), **fields: Any) -> StepHandle:
        """Add a step.

        Args:
            after: the steps that it waits for.
            fields: as in a file, such as `skills`, `input`, `when`, `for_each`, `retry`, `approve`.
        """
        needed = [step if isinstance(step, str) else step.id for step in after]
        self._steps.append({"id": id, "dependencies": needed, **fields})
        return StepHandle(id)

    def definition(self) -> Definition:
        """The whole, checked.

        Raises:
            BadDefinition: with all faults.
        """
        return read_value({"id": self.id, **self._fields, "tasks": self._steps})


async def define(client: Client, workflow: Workflow | Definition) -> str:
    """Make it known to podium, and return its id; the same once more changes nothing.

    Raises:
        CommandRefused: `bad_definition`. Others as for `Client.send`.
    """
    try:
        definition = workflow.definition() if isinstance(workflow, Workflow) else workflow
    except BadDefinition as bad:
        faults = [{"path": fault.path, "message": fault.message} for fault in bad.faults]
        raise CommandRefused("bad_definition", str(bad), {"path": faults[0]["path"], "faults": faults}) from bad
    await client.send("router", definition.id, DefineWorkflow(Raw(to_json(definition))))
    return definition.id


async def start(
    client: Client,
    workflow: str,
    input: object = None,
    *,
    run_id: str | None = None,
    version: int | None = None,
    priority: int | None = None,
    data_subject: str | None = None,
) -> str:
    """Begin a run and return its id. With an id of your own the same start twice is one run.

    Args:
        version: of the workflow; its newest by default.
        priority: of the run's tasks, 0 to 9; what the definition says by default.
        data_subject: whose data the input is: it is sealed, of an object each value, so that steps can be given parts.

    Raises:
        CommandRefused: `unknown_workflow`, `run_exists`, `input_does_not_fit`.
        Erased: the data subject was forgotten. Others as for `Client.send`.
    """
    run_id = run_id or new_id(workflow[:100])
    given = input if isinstance(input, Raw) else Raw(msgspec.json.encode(input))
    await client.send("router", run_id, StartWorkflow(workflow, version, given, priority, data_subject))
    return run_id


def story(client: Client, run_id: str, *, follow: bool = True) -> AsyncGenerator[ReceivedEvent, None]:
    """All events of a run from its start, and what happens from now on."""
    return client.events(service="router", entity=run_id, after=0, follow=follow)


async def result(client: Client, run_id: str) -> Any:
    """Wait until a run is over, for its output, decoded from JSON.

    Raises:
        RunFailed: it has failed or was cancelled.
        Erased: it was the data of somebody who was forgotten; a part that was is read as `podium-erased.<subject>`.
        ServiceUnavailable: there is no such stream, or the connection is closed for good.
    """
    async for event in story(client, run_id):
        data = event.data
        if isinstance(data, WorkflowCompleted):
            return decoded(data.output)
        if isinstance(data, RUN_CLOSING):
            code, message = (data.code, data.message) if isinstance(data, WorkflowFailed) else ("cancelled", "")
            raise RunFailed(run_id, code, message)
    raise RunFailed(run_id, "unknown", "its events ended before it did")


async def signal(
    client: Client, run_id: str, name: str, payload: object = None, *, data_subject: str | None = None
) -> None:
    """Tell a run something; sealed if it is the data of a `data_subject`, as the input of `start`."""
    await client.send("router", run_id, SignalWorkflow(name, Raw(msgspec.json.encode(payload)), data_subject))


async def approve(
    client: Client, run_id: str, step: str, comment: str | None = None, *, data_subject: str | None = None
) -> None:
    """Agree to what a step asks for; the client's principal must have one of the step's roles.

    Args:
        data_subject: whom the comment is about: it is sealed.
    """
    await client.send("router", run_id, ApproveStep(step, comment, data_subject))


async def reject(
    client: Client, run_id: str, step: str, comment: str | None = None, *, data_subject: str | None = None
) -> None:
    """Disagree: the step has failed; `data_subject` as of `approve`."""
    await client.send("router", run_id, RejectStep(step, comment, data_subject))


async def pause(client: Client, run_id: str, reason: str | None = None) -> None:
    """Begin nothing new in a run until it is resumed."""
    await client.send("router", run_id, PauseWorkflow(reason))


async def resume(client: Client, run_id: str, reason: str | None = None) -> None:
    """Let a paused run go on."""
    await client.send("router", run_id, ResumeWorkflow(reason))


async def rerun(client: Client, run_id: str, *, step: str | None = None, new_run_id: str | None = None) -> str:
    """Begin a new run that takes over what is done, and return its id.

    Args:
        step: from where on everything is done again; by default what has failed and what follows from it.
    """
    new = new_run_id or new_id(run_id[:100])
    await client.send("router", new, RerunWorkflow(run_id, step))
    return new


async def cancel(client: Client, run_id: str, reason: str | None = None) -> None:
    """End a run, its tasks and its child workflows."""
    await client.send("router", run_id, CancelWorkflow(reason))
