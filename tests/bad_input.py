"""What must be refused, as plain data: fed to the reader, to the simulation and to real services.

`BAD_BODIES` are refused whatever the state, by what their body is. `BAD_ADDRESSES` are refused by their
subject. `AGAINST_THE_RULES` are readable and refused by a system in which nothing was ever asked before.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from podium.contracts.envelope import MAX_BODY, MAX_DEPTH
from podium.contracts.outcomes import RefusalCode
from podium.contracts.tasks import BULK_LIMIT


class BadInput(NamedTuple):
    """A command that is refused with `code`; `path` is the place of the fault, None where it has none."""

    id: str
    service: str
    entity: str
    command: str
    body: bytes
    code: RefusalCode
    path: str | None


class BadAddress(NamedTuple):
    """What follows the prefix in a subject, and why it is refused."""

    id: str
    subject: str
    code: RefusalCode
    path: str


def _agent(id: str, body: Any, code: RefusalCode, path: str | None = "$") -> BadInput:
    return BadInput(id, "registry", "a1", "register_agent", _bytes(body), code, path)


def _task(id: str, body: Any, code: RefusalCode, path: str | None = "$") -> BadInput:
    return BadInput(id, "router", "t1", "submit_task", _bytes(body), code, path)


def _of(command: str, id: str, body: Any, code: RefusalCode, path: str | None = "$") -> BadInput:
    service = "registry" if command.endswith(("_agent", "_agent_type")) else "router"
    entity = "a1" if service == "registry" else "t1"
    return BadInput(id, service, entity, command, _bytes(body), code, path)


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _spec(**fields: Any) -> dict[str, Any]:
    return {"kind": "echo", **fields}


def _nested(depth: int) -> bytes:
    """A body that nests so deep, its own object counted."""
    return b'{"kind":"echo","input":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def _sized(size: int) -> bytes:
    """A body of so many bytes."""
    head, tail = b'{"kind":"echo","input":"', b'"}'
    return head + b"x" * (size - len(head) - len(tail)) + tail


_NOT_JSON: Final = [
    _task("nothing", b"", "not_json"),
    _task("white space", b"  \n ", "not_json"),
    _task("a word", b"echo", "not_json"),
    _task("half an object", b'{"kind":"echo"', "not_json"),
    _task("two objects", b'{"kind":"echo"}{"kind":"echo"}', "not_json"),
    _task("single quotes", b"{'kind':'echo'}", "not_json"),
    _task("trailing comma", b'{"kind":"echo",}', "not_json"),
    _task("a comment", b'{"kind":"echo"} // please', "not_json"),
    _task("NaN", b'{"kind":"echo","estimated_duration":NaN}', "not_json"),
    _task("Infinity", b'{"kind":"echo","deadline":Infinity}', "not_json"),
    _task("NaN in the input", b'{"kind":"echo","input":{"x":NaN}}', "not_json"),
    _task("a byte order mark", b'\xef\xbb\xbf{"kind":"echo"}', "not_json"),
    _task("UTF-16", '{"kind":"echo"}'.encode("utf-16"), "not_json"),
    _task("bytes that are no UTF-8", b'{"kind":"echo","metadata":{"note":"\xff\xfe"}}', "not_json"),
    _task("bytes that are no UTF-8 in the input", b'{"kind":"echo","input":"\xff\xfe"}', "not_json"),
    _task("half a surrogate pair in the input", b'{"kind":"echo","input":"\\ud800"}', "not_json"),
    _task("a line end within a string", b'{"kind":"echo","input":"\n"}', "not_json"),
    _task("a zero byte", b'{"kind":"echo"}\0', "not_json"),
    _agent("MessagePack", b"\x81\xa5slots\x02", "not_json"),
]

_SHAPES: Final = [
    _task("null", None, "invalid"),
    _task("a list", [], "invalid"),
    _task("a string", "echo", "invalid"),
    _task("a number", 1, "invalid"),
    _task("no kind", {}, "invalid", "$.kind"),
    _task("kind is null", {"kind": None}, "invalid", "$.kind"),
    _task("unknown field", _spec(colour="red"), "invalid", "$.colour"),
    _task("unknown field within", _spec(retry={"attempts": 3}), "invalid", "$.retry.attempts"),
    _task("a field in capitals", {"Kind": "echo"}, "invalid", "$.Kind"),
    _task("another command's name", _spec(command="start_task"), "invalid", "$.command"),
    _task("skills is a string", _spec(skills="echo"), "invalid", "$.skills"),
    _task("a skill is a number", _spec(skills=[1]), "invalid", "$.skills[0]"),
    _task("the third skill is null", _spec(skills=["a", "b", None]), "invalid", "$.skills[2]"),
    _task("priority is a float", _spec(priority=5.0), "invalid", "$.priority"),
    _task("priority is a bool", _spec(priority=True), "invalid", "$.priority"),
    _task("priority is text", _spec(priority="high"), "invalid", "$.priority"),
    _task("deadline is text", _spec(deadline="2030-01-01T00:00:00Z"), "invalid", "$.deadline"),
    _task("unknown strategy", _spec(strategy="random"), "invalid", "$.strategy"),
    _task("unknown back-off", _spec(retry={"backoff": "linear"}), "invalid", "$.retry.backoff"),
    _task("metadata is a list", _spec(metadata=[]), "invalid", "$.metadata"),
    _task("a schema that is a bool", _spec(input_schema=True), "invalid", "$.input_schema"),
    _agent("skills is a list", {"skills": ["echo"]}, "invalid", "$.skills"),
    _agent("slots is a float", {"slots": 2.5}, "invalid", "$.slots"),
    _agent("slots is null", {"slots": None}, "invalid", "$.slots"),
    _agent("unknown field of an agent", {"capacity": 2}, "invalid", "$.capacity"),
    _of("update_agent", "the type cannot change", {"type": "coder"}, "invalid", "$.type"),
    _of("unregister_agent", "reason is a number", {"reason": 1}, "invalid", "$.reason"),
    _of("remove_agent_type", "a field where there is none", {"force": True}, "invalid", "$.force"),
    _of("start_task", "no attempt", {}, "invalid", "$.attempt"),
    _of("complete_task", "attempt is text", {"attempt": "1"}, "invalid", "$.attempt"),
    _of("fail_task", "no code", {"attempt": 1}, "invalid", "$.code"),
    _of("submit_tasks", "no tasks", {}, "invalid", "$.tasks"),
    _of("submit_tasks", "a task without its id", {"tasks": [{"task": _spec()}]}, "invalid", "$.tasks[0].task_id"),
    _of(
        "submit_tasks",
        "the second task has no kind",
        {"tasks": [{"task_id": "t1", "task": _spec()}, {"task_id": "t2", "task": {}}]},
        "invalid",
        "$.tasks[1].task.kind",
    ),
    _of(
        "report_tasks",
        "a report that does not say which",
        {"reports": [{"task_id": "t1", "report": {"attempt": 1}}]},
        "invalid",
        "$.reports[0].report.command",
    ),
    _of(
        "report_tasks",
        "a report that is none",
        {"reports": [{"task_id": "t1", "report": {"command": "cancel_task"}}]},
        "invalid",
        "$.reports[0].report.command",
    ),
]

_VALUES: Final = [
    _agent("negative slots", {"slots": -1}, "invalid", "$.slots"),
    _agent("more slots than any agent has", {"slots": 100_001}, "invalid", "$.slots"),
    _agent("a level above 1", {"skills": {"echo": 1.5}}, "invalid", "$.skills[...]"),
    _agent("a level below 0", {"skills": {"echo": -0.1}}, "invalid", "$.skills[...]"),
    _agent("a level that no float holds", b'{"skills":{"echo":1e999}}', "invalid", "$.skills[...]"),
    _agent("a negative resource", {"resources": {"memory_mb": -1}}, "invalid", "$.resources[...]"),
    _agent("a heartbeat every 0 s", {"heartbeat": 0}, "invalid", "$.heartbeat"),
    _agent("a heartbeat every day", {"heartbeat": 86400}, "invalid", "$.heartbeat"),
    _agent("a long model", {"model": "x" * 4097}, "invalid", "$.model"),
    _agent("an agent's priority 10", {"priority": 10}, "invalid", "$.priority"),
    _task("priority 10", _spec(priority=10), "invalid", "$.priority"),
    _task("priority -1", _spec(priority=-1), "invalid", "$.priority"),
    _task("a priority of 30 digits", _spec(priority=10**30), "invalid", "$.priority"),
    _task("a deadline that no float holds", b'{"kind":"echo","deadline":1e999}', "invalid", "$.deadline"),
    _task("an input that no float holds", b'{"kind":"echo","input":1e999}', "invalid", "$[...]"),
    _task("no attempts at all", _spec(retry={"max_attempts": 0}), "invalid", "$.retry.max_attempts"),
    _task("a negative delay", _spec(retry={"delay": -1}), "invalid", "$.retry.delay"),
    _task("a jitter above 1", _spec(retry={"jitter": 2}), "invalid", "$.retry.jitter"),
    _task("no time to finish", _spec(timeouts={"finish": 0}), "invalid", "$.timeouts.finish"),
    _task("a negative duration", _spec(estimated_duration=-5), "invalid", "$.estimated_duration"),
    _task("reliability 2", _spec(constraints={"min_reliability": 2}), "invalid", "$.constraints.min_reliability"),
    _of("start_task", "attempt 0", {"attempt": 0}, "invalid", "$.attempt"),
    _of("fail_task", "a long code", {"attempt": 1, "code": "x" * 129}, "invalid", "$.code"),
    _of("cancel_task", "a long reason", {"reason": "x" * 4097}, "invalid", "$.reason"),
    _of("submit_tasks", "an empty batch", {"tasks": []}, "invalid", "$.tasks"),
    _of(
        "submit_tasks",
        "a batch that is too long",
        {"tasks": [{"task_id": f"t{n}", "task": _spec()} for n in range(BULK_LIMIT + 1)]},
        "invalid",
        "$.tasks",
    ),
]

_NAMES: Final = [
    _task("kind is empty", {"kind": ""}, "invalid", "$.kind"),
    _task("kind with a dot", {"kind": "a.b"}, "invalid", "$.kind"),
    _task("kind with a star", {"kind": "*"}, "invalid", "$.kind"),
    _task("kind with white space", {"kind": "a b"}, "invalid", "$.kind"),
    _task("kind with a line end", {"kind": "echo\n"}, "invalid", "$.kind"),
    _task("kind of 129 characters", {"kind": "k" * 129}, "invalid", "$.kind"),
    _task("kind beyond ASCII", {"kind": "écho"}, "invalid", "$.kind"),
    _task("kind with a zero character", {"kind": "a\0b"}, "invalid", "$.kind"),
    _task("a skill that is a wildcard", _spec(skills=[">"]), "invalid", "$.skills[0]"),
    _task("an agent that is no name", _spec(constraints={"agents": ["a.b"]}), "invalid", "$.constraints.agents[0]"),
    _agent("a skill with a dot", {"skills": {"a.b": 1}}, "invalid", "$.skills"),
    _agent("a resource with white space", {"resources": {"a b": 1}}, "invalid", "$.resources"),
    _agent("a type with a slash", {"type": "a/b"}, "invalid", "$.type"),
    _of(
        "submit_tasks",
        "a task's name with a dot",
        {"tasks": [{"task_id": "a.b", "task": _spec()}]},
        "invalid",
        "$.tasks[0].task_id",
    ),
    _of(
        "submit_tasks",
        "a task's name with a line end",
        {"tasks": [{"task_id": "t1\n", "task": _spec()}]},
        "invalid",
        "$.tasks[0].task_id",
    ),
]

_MEASURES: Final = [
    _task("a byte too large", _sized(MAX_BODY + 1), "too_large"),
    _task("too large and no JSON", b"x" * (MAX_BODY + 1), "too_large"),
    _task("a level too deep", _nested(MAX_DEPTH + 1), "too_deep"),
    _task("so deep that a reader would fall", _nested(100_000), "too_deep"),
    _task("deep objects", b'{"kind":"echo","metadata":' + b'{"a":' * 64 + b"1" + b"}" * 65, "too_deep"),
]

BAD_BODIES: Final[list[BadInput]] = [*_NOT_JSON, *_SHAPES, *_VALUES, *_NAMES, *_MEASURES]

GOOD_BODIES: Final[list[tuple[str, str, bytes]]] = [
    ("router", "submit_task", _sized(MAX_BODY)),
    ("router", "submit_task", _nested(MAX_DEPTH)),
    ("router", "submit_task", json.dumps(_spec(kind="k" * 128)).encode()),
    ("router", "submit_task", json.dumps(_spec(input='"[{' * 100)).encode()),
    ("router", "submit_task", b' {"kind":"echo","command":"submit_task"}\n'),
    ("router", "submit_task", '{"kind":"echo","input":"😀 \\ud83d\\ude00"}'.encode()),
    ("router", "cancel_task", b"{}"),
    ("registry", "register_agent", b"{}"),
    ("registry", "register_agent", b'{"slots":0,"skills":{"a":0,"b":1}}'),
]
"""At the edge of what is accepted."""

BAD_ADDRESSES: Final[list[BadAddress]] = [
    BadAddress("a service that is none", "cmd.kitchen.ops.t1.submit_task", "unknown_service", "subject.service"),
    BadAddress("a command that is none", "cmd.router.ops.t1.explode", "unknown_command", "subject.command"),
    BadAddress("another service's command", "cmd.registry.ops.t1.submit_task", "unknown_command", "subject.command"),
    BadAddress("an event's name", "cmd.router.ops.t1.task_assigned", "unknown_command", "subject.command"),
    BadAddress("a command in capitals", "cmd.router.ops.t1.Submit_Task", "unknown_command", "subject.command"),
    BadAddress("a star for an entity", "cmd.router.ops.*.submit_task", "bad_name", "subject.entity"),
    BadAddress("an entity beyond ASCII", "cmd.router.ops.tâche.submit_task", "bad_name", "subject.entity"),
    BadAddress("an entity of 129 characters", f"cmd.router.ops.{'t' * 129}.submit_task", "bad_name", "subject.entity"),
    BadAddress("an entity with a slash", "cmd.router.ops.a/b.submit_task", "bad_name", "subject.entity"),
    BadAddress("a principal with a dollar", "cmd.router.$ops.t1.submit_task", "bad_name", "subject.principal"),
    BadAddress("an entity with a dot", "cmd.router.ops.a.b.submit_task", "bad_subject", "subject"),
    BadAddress("no entity", "cmd.router.ops.submit_task", "bad_subject", "subject"),
    BadAddress("only a service", "cmd.router.submit_task", "bad_subject", "subject"),
]
"""Each is refused with any body."""

AGAINST_THE_RULES: Final[list[BadInput]] = [
    _of("update_agent", "an agent that nobody registered", {"slots": 2}, "unknown_agent", None),
    _of("unregister_agent", "an agent that never came", {}, "unknown_agent", None),
    _of("remove_agent_type", "a type that nobody defined", {}, "unknown_agent_type", None),
    _agent("an agent of an unknown type", {"type": "coder"}, "unknown_agent_type", "$.type"),
    _of("start_task", "a start of no task", {"attempt": 1}, "unknown_task", None),
    _of("complete_task", "a result of no task", {"attempt": 1, "output": 1}, "unknown_task", None),
    _of("fail_task", "a failure of no task", {"attempt": 1, "code": "x"}, "unknown_task", None),
    _of("cancel_task", "an end of no task", {}, "unknown_task", None),
    _of("pause_task", "a pause of no task", {}, "unknown_task", None),
    _of("resume_task", "a return of no task", {}, "unknown_task", None),
    _task("a deadline in the past", _spec(deadline=1.0), "deadline_in_the_past", "$.deadline"),
    _task("a schema that is none", _spec(input_schema={"type": "thing"}), "bad_schema", "$.input_schema"),
    _task(
        "an input that does not fit its schema",
        _spec(input={"x": "one"}, input_schema={"properties": {"x": {"type": "number"}}}),
        "input_does_not_fit",
        None,
    ),
]
"""Each of an empty system; `path` None: the rules need not name a place."""
