"""`podium send`: a command and its outcome."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import podium.client as sdk

from ._app import Common, Exit, Json, Usage, app, run

if TYPE_CHECKING:
    from podium.contracts.outcomes import AcceptedOutcome

_SHOWN_EVENTS = 5


@app.command(
    help_epilogue="""\
Examples:
  podium send router t1 submit_task '{"kind": "echo", "skills": ["echo"]}'
  podium send registry a1 register_agent @profile.json --as ops
  echo '{"reason": "not needed"}' | podium send router t1 cancel_task -

Exit codes: 0 accepted, 1 refused, 2 no server or service,
3 no outcome heard: send it again with the same --id.""",
)
def send(
    service: str,
    entity: str,
    command: str,
    body: str = "{}",
    /,
    *,
    id: str | None = None,
    wait: bool = True,
    timeout: float = 15.0,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Send a command and print what became of it.

    Parameters
    ----------
    service
        registry, router, ...
    entity
        whom it is about: an agent, a task, ...
    command
        such as submit_task
    body
        the command's JSON object, @file, or - for stdin
    id
        of the command: sent twice with the same id, it is done once
    wait
        wait for the outcome, not only until it is queued
    timeout
        seconds to wait for the outcome
    """
    return run(_send(service, entity, command, body, id, wait, timeout, json, common))


async def _send(
    service: str,
    entity: str,
    command: str,
    body: str,
    id: str | None,
    wait: bool,
    timeout: float,
    json: bool,
    common: Common,
) -> int:
    import msgspec

    content = msgspec.Raw(_read(body))
    async with common.client() as client:
        if not wait:
            command_id = await client.post(service, entity, (command, content), id=id)
            print(_json({"outcome": "queued", "command_id": command_id}) if json else f"queued  {command_id}")
            return Exit.OK
        try:
            outcome = await client.send(service, entity, (command, content), id=id, timeout=timeout)
        except sdk.CommandRefused as refused:
            if json:
                print(_json({"outcome": "refused", **vars(refused)}))
            raise
    print(msgspec.json.encode(outcome).decode() if json else _sentence(outcome))
    return Exit.OK


def _read(body: str) -> bytes:
    if body == "@-":
        return sys.stdin.buffer.read()
    if not body.startswith("@"):
        return body.encode()
    try:
        return Path(body[1:]).read_bytes()
    except OSError as error:
        raise Usage(f"cannot read {body[1:]}: {error.strerror}") from error


def _json(content: object) -> str:
    import msgspec

    return msgspec.json.encode(content).decode()


def _sentence(outcome: AcceptedOutcome) -> str:
    if not outcome.events:
        return f"accepted  nothing had to change  [{outcome.command_id}]"
    names = [f"{event.type.split('.')[1]} {event.subject}" for event in outcome.events[:_SHOWN_EVENTS]]
    more = len(outcome.events) - _SHOWN_EVENTS
    if more > 0:
        names.append(f"{more} more")
    return f"accepted  {', '.join(names)}  [{outcome.stream} {outcome.sequence}]"
