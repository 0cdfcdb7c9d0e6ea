"""`podium history`: the life of a task or an agent, with who, why, and how the state changed at each step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from ._app import Common, Exit, Json, Usage, app, run, tell

if TYPE_CHECKING:
    from rich.text import Text

    from podium.client import ReceivedEvent
    from podium.client._history import Change, Step

Kind = Literal["task", "agent"]

_SERVICES: Final = {"task": ("router",), "agent": ("registry", "health")}
_EVENT: Final = re.compile(r"(?P<service>[a-z]+)-\d+-(?P<sequence>\d+)")
"""The id of an event; all others are of commands."""
_PLACE_WIDTH: Final = {"task": 8, "agent": 13}
_VALUE_WIDTH: Final = 48
_COMMAND_WIDTH: Final = 9
_WHY_WIDTH: Final = 160


@app.command(
    help_epilogue="""\
Examples:
  podium history task t1
  podium history task t1 --as-of 10m
  podium history task t1 --as-of 1841 --diff
  podium history agent echo-1 --as-of 1h --diff
  podium history task t1 --json | jq .changes

Exit codes: 0 shown, 1 nothing is known of it (by then), 2 no server or bad arguments.""",
)
def history(
    kind: Kind,
    entity: str,
    /,
    *,
    as_of: str | None = None,
    diff: bool = False,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Show what happened to a task or an agent, and what it was like at the end or at any moment.

    Parameters
    ----------
    kind
        task or agent
    entity
        its name
    as_of
        only up to then: 10m ago (s, m, h, d), an ISO 8601 time, or an event as it is listed (1841, health:3)
    diff
        show how what it was like then differs from what it is like now, not the steps
    """
    return run(_history(kind, entity, as_of, diff, json, common))


async def _history(kind: Kind, entity: str, as_of: str | None, diff: bool, json: bool, common: Common) -> int:
    from podium.client._history import differences, life

    until = None if as_of is None else _read_as_of(kind, as_of)
    if diff and until is None:
        raise Usage("--diff needs --as-of: what is compared with now")
    steps = list(life(await _events(kind, entity, common)))
    then = steps if until is None else until.of(steps)
    if not then:
        tell(f"nothing is known of the {kind} {entity}{' by then' if steps else ''}")
        return Exit.REFUSED
    if diff:
        _show_diff(differences(then[-1].state, steps[-1].state), then[-1], steps[-1], kind, json)
    else:
        _show(then, kind, json)
    return Exit.OK


async def _events(kind: Kind, entity: str, common: Common) -> list[ReceivedEvent]:
    """In the order of their times; those of a stream in its order."""
    found: list[ReceivedEvent] = []
    async with common.client() as client:
        for service in _SERVICES[kind]:
            try:
                received = client.events(service=service, entity=entity, after=0, follow=False)
            except ValueError as error:
                raise Usage(str(error)) from error
            found += [event async for event in received]
    return sorted(found, key=lambda event: event.envelope.time)


class _Place:
    """Up to an event of one of the streams; of the others what was before it."""

    def __init__(self, service: str, sequence: int) -> None:
        self._service = service
        self._sequence = sequence

    def of(self, steps: list[Step]) -> list[Step]:
        end = 0
        for number, step in enumerate(steps, 1):
            if _service(step) == self._service and step.sequence <= self._sequence:
                end = number
        return steps[:end]


class _Moment:
    def __init__(self, moment: float) -> None:
        self._moment = moment

    def of(self, steps: list[Step]) -> list[Step]:
        from datetime import datetime

        return [step for step in steps if datetime.fromisoformat(step.time).timestamp() <= self._moment]


def _read_as_of(kind: Kind, text: str) -> _Place | _Moment:
    """Raises: Usage."""
    from ._reading import BadFields, read_moment

    service, colon, number = text.rpartition(":")
    services = _SERVICES[kind]
    if number.isdecimal() and len(number) < 19 and (service in services if colon else len(services) == 1):
        return _Place(service or services[0], int(number))
    try:
        return _Moment(read_moment(text))
    except BadFields as error:
        places = "1841" if len(services) == 1 else " or ".join(f"{service}:3" for service in services)
        raise Usage(f"--as-of: {error}, and no sequence such as {places}") from error


def _show(steps: list[Step], kind: Kind, json: bool) -> None:
    import msgspec
    from rich.console import Console

    from ._tables import show

    if json:
        for step in steps:
            print(msgspec.json.encode(step).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    for step in steps:
        for line in _lines(step, kind):
            console.print(line)
    console.print()
    show({"state": steps[-1].state}, console)


def _place(service: str, sequence: int | str, kind: Kind) -> str:
    """Which event it is, as `--as-of` takes it; of a task the router is meant."""
    return f"{sequence}" if (service,) == _SERVICES[kind] else f"{service}:{sequence}"


def _place_of(step: Step, kind: Kind) -> str:
    return _place(_service(step), step.sequence, kind)


def _service(step: Step) -> str:
    return step.stream.rpartition("-")[2]


def _cause(step: Step, kind: Kind) -> str:
    """The command or the event that led to it; nothing where it had no other cause."""
    from ._words import shorten

    event = _EVENT.fullmatch(step.cause)
    if event is None:
        return f", command {shorten(step.cause, _COMMAND_WIDTH)}"
    upon = _place(event["service"], event["sequence"], kind)
    return "" if upon == _place_of(step, kind) else f", upon {upon}"


def _lines(step: Step, kind: Kind) -> list[Text]:
    from rich.text import Text

    from ._words import clock, shorten

    lines = [
        Text.assemble(
            (f"{_place_of(step, kind):>{_PLACE_WIDTH[kind]}}  ", "dim"),
            (f"{clock(step.time)}  ", "dim"),
            (f"{step.event:<18}", "bold"),
            f" by {step.who}",
            (_cause(step, kind), "dim"),
        )
    ]
    lines += [Text.assemble(" " * 10, ("because ", "dim"), shorten(reason, _WHY_WIDTH)) for reason in step.why]
    lines += [Text.assemble(" " * 10, _change(name, change)) for name, change in step.changes.items()]
    return lines


def _show_diff(changes: dict[str, Change], then: Step, now: Step, kind: Kind, json: bool) -> None:
    import msgspec
    from rich.console import Console

    if json:
        compared = {"then": then.sequence, "now": now.sequence, "changes": changes}
        print(msgspec.json.encode(compared).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"from {_place_of(then, kind)} ({then.event}) to {_place_of(now, kind)} ({now.event})")
    for name, change in changes.items():
        console.print(_change(name, change))
    if not changes:
        console.print("nothing changed", style="dim")


def _change(name: str, change: Change) -> Text:
    from rich.text import Text

    def value(part: Any) -> str:
        from ._words import in_short

        return "–" if part is None else in_short(name, part, _VALUE_WIDTH)

    if change.before is None:
        return Text.assemble((f"{name}: ", "cyan"), value(change.after))
    return Text.assemble((f"{name}: ", "cyan"), value(change.before), " → ", value(change.after))
