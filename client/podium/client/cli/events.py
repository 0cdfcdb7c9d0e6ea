"""`podium events`: the event streams as they grow, a line for each event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from ._app import Common, Exit, Json, Usage, app, run

if TYPE_CHECKING:
    from rich.text import Text

    from podium.client import ReceivedEvent

_DATA_WIDTH: Final = 48
_STYLES: Final = {
    "completed": "green",
    "failed": "red",
    "refused": "red",
    "cancelled": "yellow",
    "paused": "yellow",
    "submitted": "blue",
    "assigned": "cyan",
    "started": "cyan",
}
"""By the last word of the event's name."""


@app.command(
    help_epilogue="""\
Examples:
  podium events
  podium events --type task_failed --type attempt_failed --since 1h
  podium events --entity t1 --no-follow --json | jq .event.data

Without --since it shows what comes from now on; with --no-follow and no --since, everything.""",
)
def events(
    *,
    service: str | None = None,
    entity: str | None = None,
    type: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    since: str | None = None,
    follow: bool = True,
    limit: int | None = None,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Follow the events.

    Parameters
    ----------
    service
        only this service's
    entity
        only this agent's, task's, ...
    type
        only this one, such as task_completed; may be given several times
    since
        from then on: 10m, 2h (s, m, h, d), or an ISO 8601 time
    follow
        wait for more
    limit
        end after so many
    """
    return run(_events(service, entity, type, since, follow, limit, json, common))


async def _events(
    service: str | None,
    entity: str | None,
    types: tuple[str, ...],
    since: str | None,
    follow: bool,
    limit: int | None,
    json: bool,
    common: Common,
) -> int:
    from contextlib import aclosing

    from ._reading import BadFields, read_moment

    try:
        moment = read_moment(since) if since is not None else None
    except BadFields as error:
        raise Usage(f"--since: {error}") from error
    if limit is not None and limit < 1:
        raise Usage("--limit: at least 1")
    show = _print_json if json else _printer()
    async with common.client() as client:
        try:
            received = client.events(service=service, entity=entity, types=types, since=moment, follow=follow)
        except ValueError as error:
            raise Usage(str(error)) from error
        async with aclosing(received) as stream:
            shown = 0
            async for event in stream:
                show(event)
                shown += 1
                if shown == limit:
                    break
    return Exit.OK


def _print_json(event: ReceivedEvent) -> None:
    import msgspec

    from podium.contracts.queries import HistoryEntry

    entry = HistoryEntry(event.stream, event.sequence, event.envelope)
    print(msgspec.json.encode(entry).decode(), flush=True)


def _printer() -> Callable[[ReceivedEvent], None]:
    from rich.console import Console

    console = Console(highlight=False)

    def show(event: ReceivedEvent) -> None:
        if console.is_terminal:
            console.print(_line(event), no_wrap=True, overflow="ellipsis")
        else:
            print(_line(event).plain, flush=True)

    return show


def _line(event: ReceivedEvent) -> Text:
    import msgspec
    from rich.text import Text

    from ._words import clock, fields_in, is_nested, pairs

    fields = msgspec.json.decode(event.envelope.data, type=dict[str, Any])
    fields.pop("event", None)
    plain = {name: value for name, value in fields.items() if not is_nested(value)}
    if not plain:
        plain = {name: part for value in fields.values() for name, part in (fields_in(value) or {}).items()}
    return Text.assemble(
        (clock(event.envelope.time), "dim"),
        "  ",
        (f"{event.service:<9}", "magenta"),
        " ",
        (f"{event.entity:<16}", "bold"),
        " ",
        (f"{event.name:<18}", _STYLES.get(event.name.rsplit("_", 1)[-1], "")),
        " ",
        pairs(plain, _DATA_WIDTH),
    )
