"""The shape of a definition. What its parts mean together is checked in `check`.

A step is what in a definition stands under `tasks`: it becomes one task of the router, or many, or a child workflow,
or waits for a signal or a person.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from podium.contracts.names import NAME_PATTERN

StepName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Seconds = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Cel = Annotated[str, Field(min_length=1, description="a CEL expression")]
Schema = dict[str, JsonValue]
Words = Annotated[str, Field(max_length=4096)]

StepType = Literal["sequential", "parallel", "conditional", "loop"]
Method = Literal["first", "all", "best", "majority"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class RetryPolicy(_Part):
    """When an attempt fails, how often and how soon again."""

    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 3
    backoff: Literal["fixed", "exponential"] = "exponential"
    initial_delay: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 1.0
    """Seconds before the second attempt."""
    max_delay: Seconds = 60.0
    jitter: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1


class Work(_Part):
    """What an agent is asked to do."""

    kind: Name | None = None
    """What sort of task, for people, statistics and learning; the step's id by default."""
    skills: list[Name] = []
    agent: Name | None = None
    """Only this agent may do it."""
    input: JsonValue = None
    """Any JSON; `"${…}"` in its texts are CEL expressions over `input`, `steps`, `run`, and in lists over `item` and
    `index`, in loops over `iteration` and `last`."""


class Fallback(Work):
    """What is done when all attempts of a step have failed: another agent's work, or a result that is given at once."""

    output: JsonValue = None
    """The step's output, if there is no other work; may hold expressions, also over `error`."""


class Cache(_Part):
    """A result of the same work on the same input is used again."""

    max_age: Seconds = 3600.0
    """Seconds."""


class Approval(_Part):
    """A person decides; the run waits in the log, for ever if need be."""

    roles: Annotated[list[Name], Field(min_length=1)]
    """Roles of the definition whose people may decide."""
    count: Annotated[int, Field(ge=1)] = 1
    """How many different people must approve."""
    message: Words | None = None


class Synthesis(_Part):
    """Makes one result of those of the steps that it depends on: `{value, confidence, path, time}`."""

    method: Method
    """first: of who is ready first; all: a map by step; best: by confidence; majority: what most of them say."""
    confidence: Cel = "has(output.confidence) ? output.confidence : 0.5"
    """How sure a result is, 0 to 1, over `output` and `step`."""


class Limits(_Part):
    max_depth: Annotated[int, Field(ge=1, le=1000)] = 10
    """How deep child workflows may nest, this one counted."""
    max_tasks: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """How many tasks and child workflows a run may begin, rounds of loops and elements of lists included."""


class Step(Work):
    """One step. Without `workflow`, `wait_for`, `approve` and `synthesis` it is work for an agent."""

    id: StepName
    name: Words | None = None
    type: StepType | None = None
    """sequential: without `dependencies` it waits for the step that is written before it. parallel: it waits for its
    `dependencies` alone. conditional: it has a `when`. loop: it is repeated `until` or `max_iterations`. By default
    what its other fields say, else parallel."""
    dependencies: list[StepName] | None = None
    when: Cel | None = None
    """It is skipped unless this is true; steps that depend on skipped steps only are skipped, too."""
    for_each: Cel | None = None
    """A list: the work is done once for each `item`, and the output is the list of outputs in the same order."""
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """How many elements of `for_each` are worked on at the same time; all by default."""
    until: Cel | None = None
    """The loop ends when this is true of `output` and `iteration` (from 1); with the last output."""
    max_iterations: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """The loop ends after so many rounds; with `until` it then has failed."""
    retry: RetryPolicy | None = None
    timeout: Seconds | None = None
    """Seconds: of an attempt from its start; of a signal, an approval or a child workflow from the step's start."""
    fallback: Fallback | None = None
    cache: Cache | None = None
    compensate: Work | None = None
    """Undoes the step when the run fails later on; its expressions see `output`, the step's own."""
    on_failure: Literal["fail", "continue"] = "fail"
    """continue: the run goes on, and `steps.<id>.error` says what was wrong."""
    workflow: Name | None = None
    """A child workflow; it gets `input`, and its output is the step's."""
    wait_for: Name | None = None
    """A signal by its name; the output is what came with it."""
    approve: Approval | None = None
    synthesis: Synthesis | None = None
    input_schema: Schema | None = None
    output_schema: Schema | None = None
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    """9 goes first; the run's by default."""
    resources: dict[Name, Annotated[float, Field(ge=0.0, allow_inf_nan=False)]] = {}
    estimated_duration: Seconds | None = None
    """Seconds; steps with the longest way to the end go first."""
    metadata: dict[str, JsonValue] = {}

    @property
    def action(self) -> Literal["task", "workflow", "wait_for", "approve", "synthesis"]:
        if self.workflow is not None:
            return "workflow"
        if self.wait_for is not None:
            return "wait_for"
        if self.approve is not None:
            return "approve"
        return "task" if self.synthesis is None else "synthesis"

    @property
    def is_loop(self) -> bool:
        return self.until is not None or self.max_iterations is not None


class Definition(_Part):
    """A workflow."""

    model_config = ConfigDict(title="podium workflow")

    id: Name
    name: Words | None = None
    version: Annotated[str, Field(max_length=128)] | None = None
    """For people; podium counts versions itself."""
    description: Words | None = None
    tasks: Annotated[list[Step], Field(min_length=1, max_length=100_000)]
    """The steps."""
    input_schema: Schema | None = None
    """JSON Schema (2020-12) of what a run is started with."""
    output: JsonValue = None
    """A run's output, with expressions over `input` and `steps`; by default the outputs of the last steps by id."""
    output_schema: Schema | None = None
    timeout: Seconds | None = None
    """Seconds that a run may take; without it no run is ever too old."""
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    limits: Limits = Limits()
    roles: dict[Name, list[Name]] = {}
    """Role → the principals that have it."""
    metadata: dict[str, JsonValue] = {}
