"""Jobs: what was submitted, as small as the router can keep it."""

from __future__ import annotations

import sys
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Raw
from msgspec.structs import astuple, replace

from podium.contracts.tasks import Constraints, Retry, TaskSpec, TaskSubmitted, Timeouts

from .phases import Job
from .requirements import MICRO, Pool, Requirements, requirements_of
from .schemas import schema_bytes

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def digest(spec: TaskSpec) -> bytes:
    """Equal for equal content: the input byte for byte, everything else whatever its order in the JSON."""
    content = (
        spec.kind,
        spec.skills,
        spec.input,
        spec.priority,
        spec.deadline,
        spec.estimated_duration,
        astuple(spec.constraints),
        spec.resources,
        astuple(spec.retry),
        astuple(spec.timeouts),
        spec.strategy,
        spec.input_schema,
        spec.output_schema,
        spec.metadata,
    )
    return blake2b(_encode(content), digest_size=16).digest()


def again(job: Job) -> TaskSubmitted:
    """Another task like it, in its place. Its input has fitted its schema."""
    needs = job.needs
    return TaskSubmitted(
        kind=job.kind,
        skills=list(job.skills),
        input=Raw(job.input),
        priority=job.priority,
        deadline=job.deadline,
        estimated_duration=job.estimated_duration,
        constraints=Constraints(
            max_response_time=needs.max_response_time,
            required_model=needs.model,
            min_reliability=needs.min_reliability,
            agents=list(needs.agents),
            min_level=needs.min_level,
        ),
        resources={name: micro / MICRO for name, micro in needs.resources},
        retry=job.retry,
        timeouts=job.timeouts,
        strategy=needs.strategy,
        output_schema=None if job.output_schema is None else msgspec.json.decode(job.output_schema),
        metadata={} if job.metadata is None else msgspec.json.decode(job.metadata),
        replaces=job.id,
    )


class Jobs:
    """Makes jobs; what many of them have in common exists once."""

    def __init__(self) -> None:
        self._needs: Pool[Requirements] = Pool()
        self._skills: Pool[tuple[str, ...]] = Pool()
        self._retries: Pool[Retry] = Pool()
        self._timeouts: Pool[Timeouts] = Pool()
        self._schemas: Pool[bytes] = Pool(256)

    def make(
        self, task_id: str, event: TaskSubmitted, principal: str, number: int, tag: float, submitted: float
    ) -> Job:
        """Nothing of it refers to the message that the event came in."""
        schema = event.output_schema
        return Job(
            id=task_id,
            principal=sys.intern(principal),
            number=number,
            tag=tag,
            digest=digest(event),
            kind=sys.intern(event.kind),
            skills=self._skills.shared(tuple(event.skills)),
            input=bytes(event.input),
            priority=event.priority,
            needs=self._needs.shared(requirements_of(event)),
            retry=self._retries.shared(event.retry),
            timeouts=self._timeouts.shared(event.timeouts),
            deadline=event.deadline,
            estimated_duration=event.estimated_duration,
            output_schema=None if schema is None else self._schemas.shared(schema_bytes(schema)),
            submitted=submitted,
            metadata=_encode(event.metadata) if event.metadata else None,
        )

    def shared(self, job: Job) -> Job:
        """The same job, made of what others have, too."""
        schema = job.output_schema
        return replace(
            job,
            principal=sys.intern(job.principal),
            kind=sys.intern(job.kind),
            skills=self._skills.shared(job.skills),
            needs=self._needs.shared(job.needs),
            retry=self._retries.shared(job.retry),
            timeouts=self._timeouts.shared(job.timeouts),
            output_schema=None if schema is None else self._schemas.shared(schema),
        )
