"""Who is told when tasks and runs of workflows end: each hook of each end, once. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from podium.contracts.hooks import DefineHook, HookDefined, HookRemoved, RemoveHook, RunEndQueued, TaskEndQueued
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from .desk import Desk
from .ends import End, RunEnd
from .parts import Parts


def decide(desk: Desk, name: str, command: DefineHook | RemoveHook) -> list[Emit] | Refused:
    known = desk.hooks.get(name)
    match command:
        case DefineHook():
            if command.channel not in desk.channels:
                return unknown_channel(command.channel, "$.channel")
            hook = HookDefined(command.channel, command.endings, command.kinds, command.of)
            return [] if known is not None and known.hook == hook else [Emit(name, hook)]
        case RemoveHook():
            return [] if known is None else [Emit(name, HookRemoved())]


def unknown_channel(channel: str, path: str) -> Refused:
    return Refused("unknown_channel", f"{path}: there is no channel {channel}", {"path": path})


def ends(parts: Parts, desk: Desk) -> Iterator[Emit]:
    """What has ended, for the hooks that want to know: each once."""
    if not desk.hooks:
        parts.ends.clear()
    while parts.ends:
        end = parts.ends[0]
        for name in list(desk.hooks):
            if desk.is_wanted(name, end):
                yield Emit(f"notification-{desk.sent + 1}", _queued(name, desk.hooks[name].hook.channel, end))
        parts.ends.popleft()


def _queued(hook: str, channel: str, end: End) -> TaskEndQueued | RunEndQueued:
    if isinstance(end, RunEnd):
        return RunEndQueued(
            channel=channel,
            hook=hook,
            run=end.run,
            ending=end.ending,
            workflow=end.kind,
            ended_at=end.at,
            duration=end.duration,
            code=end.code,
            step=end.step,
            parent=end.parent,
        )
    return TaskEndQueued(
        channel=channel,
        hook=hook,
        task=end.task,
        ending=end.ending,
        kind=end.kind,
        ended_at=end.at,
        agent=end.agent,
        code=end.code,
    )
