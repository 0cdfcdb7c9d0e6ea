"""The whole wire as an AsyncAPI 3.0 document, made from the contracts: what `podium asyncapi` prints.

Operations are seen from podium: it receives commands, queries and heartbeats, and sends events, work,
outcomes and refusals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from . import envelope, tasks
from .catalogue import COMMANDS, EVENT_UNIONS, WORK, event_type, wire_name
from .documents import Awareness
from .envelope import Beat, Envelope, Progress
from .examples import COMMAND_EXAMPLES, EVENT_EXAMPLES, OTHER_EXAMPLES, QUERY_EXAMPLES
from .names import NAME_PATTERN
from .outcomes import AcceptedOutcome, Refusal, RefusedOutcome
from .queries import QUERIES, Fault
from .schemas import REF, Schema, described, schemas
from .subjects import DEFAULT_PREFIX, CommandAddress, EventAddress, Subjects

INTERFACE_VERSION: Final = "1.0.0"
"""Of the wire, not of the program: what is added raises the second number, what breaks the first."""

_HEADERS: Final[Schema] = {
    "type": "object",
    "properties": {
        envelope.COMMAND_ID_HEADER: {
            "type": "string",
            "pattern": "^[!-~]{1,128}$",
            "description": "The command's id. Sent again with the same id, it happens once and is answered again.",
        },
        envelope.REPLY_HEADER: {
            "type": "string",
            "description": "The subject that the outcome goes to: an inbox, none of podium's own subjects.",
        },
        envelope.CORRELATION_HEADER: {
            "type": "string",
            "description": "The id of the request at the root, if it is not this one.",
        },
        envelope.TRACEPARENT_HEADER: {"type": "string", "description": "W3C trace context."},
    },
}

_PARAMETERS: Final[Mapping[str, tuple[str, str]]] = {
    "principal": ("Who asks; held to it by the server's publish permissions.", "ops"),
    "entity": ("What the message is about: an agent, agent type, task or batch.", "t1"),
    "agent": ("An agent.", "echo-1"),
    "task": ("A task.", "t1"),
    "document": ("A shared document.", "notes"),
    "service": ("A service.", "router"),
    "command": ("A command.", "submit_task"),
    "partition": ("The number of the service's partition, from 0.", "0"),
}


def document(prefix: str = DEFAULT_PREFIX, version: str = INTERFACE_VERSION) -> dict[str, Any]:
    """The document as JSON values.

    Args:
        prefix: the first token of every subject.

    Raises:
        ValueError: the prefix is no name.
    """
    return _Document(Subjects(prefix)).build(version)


class _Document:
    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects
        self._channels: dict[str, Schema] = {}
        self._operations: dict[str, Schema] = {}
        self._messages: dict[str, Schema] = {}
        self._structs: list[type[Struct]] = [Envelope]

    def build(self, version: str) -> dict[str, Any]:
        self._replies()
        self._commands()
        self._events()
        self._signals()
        self._queries()
        self._refusals()
        return {
            "asyncapi": "3.0.0",
            "info": {
                "title": "podium",
                "version": version,
                "description": "Directs fleets of agents. Commands in, events out, queries answered; all over NATS.",
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {"nats": {"host": "localhost:4222", "protocol": "nats"}},
            "channels": self._channels,
            "operations": self._operations,
            "components": {
                "schemas": self._schemas(),
                "messages": self._messages,
                "parameters": {name: _parameter(name) for name in _PARAMETERS},
            },
        }

    def _schemas(self) -> dict[str, Schema]:
        written = schemas(self._structs)
        written["Envelope"]["required"].insert(0, "specversion")
        written["Envelope"]["properties"]["time"]["format"] = "date-time"
        return {"CommandHeaders": _HEADERS, **written}

    # What is sent where

    def _replies(self) -> None:
        outcome = [self._message(answer) for answer in (AcceptedOutcome, RefusedOutcome)]
        self._channel("outcome", None, outcome, "Where the sender of a command waits for what became of it.")
        answers = [self._message(query.answer) for query in QUERIES.values()]
        answers += [self._message(Fault), self._message(tasks.Waiting)]
        self._channel("answer", None, list(dict.fromkeys(answers)), "Where the asker waits for the answer.")

    def _commands(self) -> None:
        for service, commands in COMMANDS.items():
            for name, command in commands.items():
                self._structs.append(command)
                body: Schema = _plain(COMMAND_EXAMPLES[command][2])
                del body["command"]
                message = self._add_message(
                    name,
                    title=name,
                    summary=described(command)[0],
                    headers={"$ref": REF + "CommandHeaders"},
                    payload={"$ref": REF + command.__name__},
                    examples=[{"payload": body}],
                )
                for way, subject, answered in (
                    ("cmd", self._subjects.command, _TO_HEADER),
                    ("ask", self._subjects.ask, {}),
                ):
                    address = _address(subject(service, "principal", "entity", name), {3: "principal", 4: "entity"})
                    channel = f"{way}.{service}.{name}"
                    self._channel(channel, address, [message], f"A command of {service}, {_WAYS[way]}.")
                    group = self._subjects.ask_group() if way == "ask" else None
                    self._operation(channel, "receive", [message], ("outcome", _OUTCOMES, answered), group)

    def _events(self) -> None:
        for service, union in EVENT_UNIONS.items():
            for event in _members(union):
                type, name = event_type(event), wire_name(event)
                self._structs.append(event)
                message = self._add_message(
                    type,
                    title=type,
                    summary=described(event)[0],
                    payload=_enveloped(type, event),
                    examples=[{"payload": _plain(EVENT_EXAMPLES[type])}],
                )
                published = self._subjects.event(EventAddress(service, 0, "entity", name, "agent"))
                to_agent = _address(published, {3: "partition", 4: "entity", 6: "agent"})
                stream = f"kept for ever in the stream {self._subjects.event_stream(service)}"
                if WORK.get(type) != "always":
                    to_all = to_agent.removesuffix(".{agent}")
                    self._send(f"evt.{service}.{name}", to_all, message, f"An event of {service}, {stream}.")
                if type in WORK:
                    self._send(f"evt.{service}.{name}.to", to_agent, message, f"The event for an agent, {stream}.")
                    work = self._subjects.work("agent").removesuffix(">") + f"{name}.entity"
                    address = _address(work, {2: "agent", 4: "entity"})
                    self._send(f"work.{name}", address, message, "Work for an agent; sent on by the server, not kept.")

    def _signals(self) -> None:
        beat = _address(self._subjects.beat("agent"), {2: "agent"})
        progress = _address(self._subjects.progress("agent", "task"), {2: "agent", 3: "task"})
        aware = _address(self._subjects.awareness("document", "principal"), {2: "document", 3: "principal"})
        signals = (("beat", beat, Beat), ("progress", progress, Progress), ("aware", aware, Awareness))
        for name, address, signal in signals:
            message = self._message(signal)
            self._channel(name, address, [message], described(signal)[0])
            self._operation(name, "receive", [message])

    def _queries(self) -> None:
        for name, query in QUERIES.items():
            channel = f"qry.{name}"
            message = self._add_message(
                channel,
                title=name,
                summary=described(query)[0],
                payload={"$ref": REF + query.__name__},
                examples=[{"payload": _plain(QUERY_EXAMPLES[query][0])}],
            )
            self._structs.append(query)
            self._channel(channel, self._subjects.query(name), [message], "A query of the read models.")
            answers = [query.answer.__name__, Fault.__name__]
            self._operation(channel, "receive", [message], ("answer", answers, {}), self._subjects.query_group())
        message = self._add_message("explain", title="explain", summary="No body.", payload={})
        address = _address(self._subjects.explain("router", "task"), {3: "task"})
        self._channel(
            "explain", address, [message], "Asks the task's owner why it waits; `{}` for a task it does not know."
        )
        self._operation("explain", "receive", [message], ("answer", [tasks.Waiting.__name__], {}))

    def _refusals(self) -> None:
        tokens = ("service", "principal", "entity", "command")
        address = _address(self._subjects.refused(CommandAddress(*tokens)), dict(enumerate(tokens, 2)))
        kept = f"A command that was refused; kept for 7 days in the stream {self._subjects.refusal_stream()}."
        self._send("refused", address, self._message(Refusal), kept)

    # The parts of a document

    def _message(self, struct: type[Struct]) -> str:
        """A message that is a struct and has its name."""
        self._structs.append(struct)
        answers = {query.answer: QUERY_EXAMPLES[query][1] for query in QUERIES.values()}
        example = OTHER_EXAMPLES.get(struct) or answers[struct]
        return self._add_message(
            struct.__name__,
            title=struct.__name__,
            summary=described(struct)[0],
            payload={"$ref": REF + struct.__name__},
            examples=[{"payload": _plain(example)}],
        )

    def _add_message(self, name: str, **content: Any) -> str:
        self._messages[name] = {"name": name, **{key: value for key, value in content.items() if value != ""}}
        return name

    def _channel(self, name: str, address: str | None, messages: Sequence[str], description: str) -> None:
        names = [] if address is None else [t[1:-1] for t in address.split(".") if t.startswith("{")]
        self._channels[name] = {
            "address": address,
            "description": description,
            "messages": {message: {"$ref": f"#/components/messages/{message}"} for message in messages},
            **({"parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in names}} if names else {}),
        }

    def _operation(
        self,
        channel: str,
        action: str,
        messages: Sequence[str],
        reply: tuple[str, Sequence[str], Schema] | None = None,
        group: str | None = None,
    ) -> None:
        operation: Schema = {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": [_in_channel(channel, message) for message in messages],
        }
        if reply is not None:
            to, answers, where = reply
            operation["reply"] = {
                **where,
                "channel": {"$ref": f"#/channels/{to}"},
                "messages": [_in_channel(to, answer) for answer in answers],
            }
        if group is not None:
            operation["bindings"] = {"nats": {"queue": group, "bindingVersion": "0.1.0"}}
        self._operations[channel] = operation

    def _send(self, channel: str, address: str, message: str, description: str) -> None:
        self._channel(channel, address, [message], description)
        self._operation(channel, "send", [message])


_WAYS: Final = {"cmd": "queued and answered where its header says", "ask": "answered with its outcome"}
_TO_HEADER: Final[Schema] = {"address": {"location": f"$message.header#/{envelope.REPLY_HEADER}"}}
_OUTCOMES: Final = (AcceptedOutcome.__name__, RefusedOutcome.__name__)


def _in_channel(channel: str, message: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}


def _address(subject: str, variable: Mapping[int, str]) -> str:
    """A subject with the tokens at some places named in braces."""
    return ".".join(f"{{{variable[at]}}}" if at in variable else t for at, t in enumerate(subject.split(".")))


def _parameter(name: str) -> Schema:
    description, example = _PARAMETERS[name]
    pattern = "^[0-9]+$" if name == "partition" else NAME_PATTERN
    return {"description": f"{description} Matches {pattern}", "examples": [example], "x-pattern": pattern}


def _enveloped(type: str, event: type[Struct]) -> Schema:
    data = {"type": {"const": type}, "data": {"$ref": REF + event.__name__}}
    return {"allOf": [{"$ref": REF + "Envelope"}, {"type": "object", "properties": data}]}


def _members(union: Any) -> tuple[type[Struct], ...]:
    members: tuple[type[Struct], ...] = union.__args__
    return members


def _plain(message: Struct) -> Any:
    """A message as JSON values, raw JSON within it too."""
    return msgspec.json.decode(msgspec.json.encode(message))
