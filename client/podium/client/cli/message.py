"""`podium message` and `podium group`: what agents are told, and who is told together."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Limit, Usage, app, run
from ._saying import ask, show_json

message = App(name="message", help="Messages to agents, groups and all: kept until they are acknowledged.")
app.command(message)
group = App(name="group", help="Groups of agents that get messages together.")
app.command(group)


@message.command(
    help_epilogue="""\
Examples:
  podium message send echo-1 '{"text": "the disk is nearly full"}' --priority 9
  podium message send --group operators '"look at it"' --ttl 3600
  podium message send echo-1 '"how full is it?"' --reply 10""",
)
def send(
    *words: str,
    group: str | None = None,
    everyone: Annotated[bool, Parameter(negative=())] = False,
    priority: int = 5,
    topic: str = "",
    ttl: float | None = None,
    reply: float | None = None,
    common: Common = Common(),
) -> int:
    """Send a message and print its id.

    Parameters
    ----------
    words
        the receiver, unless it goes to a group or to everyone; and the body, as JSON
    priority
        1 to 10; 10 goes first
    ttl
        seconds until it is a dead letter; a week by default
    reply
        wait so many seconds for an answer, and print that
    """
    return run(_send(words, group, everyone, priority, topic, ttl, reply, common))


async def _send(
    words: tuple[str, ...],
    group: str | None,
    everyone: bool,
    priority: int,
    topic: str,
    ttl: float | None,
    reply: float | None,
    common: Common,
) -> int:
    import msgspec

    to = words[0] if group is None and not everyone and words else None
    rest = words[1:] if to is not None else words
    if len(rest) != 1:
        raise Usage("name a receiver (or --group, or --everyone) and one body as JSON")
    try:
        body = msgspec.json.decode(rest[0])
    except msgspec.DecodeError as error:
        text = msgspec.json.encode(rest[0]).decode()
        raise Usage(f"the body {rest[0]!r} is no JSON ({error}); as a text it is '{text}'") from error
    options: dict[str, Any] = {"priority": priority, "topic": topic} | ({} if ttl is None else {"ttl": ttl})
    async with common.client() as client:
        if reply is None:
            print(await client.messages.send(to, body, group=group, everyone=everyone, **options))
            return Exit.OK
        if to is None:
            raise Usage("--reply: one agent answers, not many")
        try:
            answer = await client.messages.request(to, body, timeout=reply, **options)
        except TimeoutError:
            raise Usage(f"{to} has not answered within {reply:g} seconds; the message is kept for it") from None
    return show_json(answer)


@message.command(
    name="list",
    help_epilogue="""\
Examples:
  podium message list --to echo-1 --state open
  podium message list --state expired --json""",
)
def list_(
    *,
    to: str | None = None,
    sender: Annotated[str | None, Parameter(name="--from")] = None,
    state: str | None = None,
    group: str | None = None,
    limit: Limit = 50,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List messages, the newest first.

    Parameters
    ----------
    to
        a receiver
    sender
        who sent them
    state
        open, acknowledged, expired or rejected; the last two are dead letters
    """
    return run(_list(to, sender, state, group, limit, json, common))


async def _list(
    to: str | None, sender: str | None, state: str | None, group: str | None, limit: int, json: bool, common: Common
) -> int:
    import msgspec

    from podium.contracts.message_queries import ListMessages

    fields = {"receiver": to, "sender": sender, "state": state, "group": group, "limit": limit, "fresh": True}
    try:
        query = msgspec.convert(fields, ListMessages)
    except msgspec.ValidationError as error:
        raise Usage(str(error)) from error
    return await ask(common, query, json)


@group.command(name="list", help_epilogue="Example:\n  podium group list --agent echo-1")
def groups(*, agent: str | None = None, json: Json = False, common: Common = Common()) -> int:
    """List groups and who is in them; with --agent those that it is in."""

    from podium.contracts.message_queries import ListGroups

    return run(ask(common, ListGroups(agent=agent, fresh=True), json))


@group.command(help_epilogue="Example:\n  podium group join operators echo-1")
def join(name: str, agent: str | None = None, /, *, common: Common = Common()) -> int:
    """Let an agent, or who sends this, get what is sent to a group; the first one makes it."""

    async def send() -> int:
        async with common.client() as client:
            await client.messages.join(name, agent)
        return Exit.OK

    return run(send())


@group.command(help_epilogue="Example:\n  podium group leave operators echo-1")
def leave(name: str, agent: str | None = None, /, *, common: Common = Common()) -> int:
    """Take an agent, or who sends this, out of a group."""

    async def send() -> int:
        async with common.client() as client:
            await client.messages.leave(name, agent)
        return Exit.OK

    return run(send())
