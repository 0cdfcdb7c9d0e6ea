"""`podium doctor`: is everything as it should be, and what to do if not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import podium.client as sdk

from ._app import Common, Exit, Json, app, run
from ._saying import show_json

if TYPE_CHECKING:
    from ._check import Check

_MARKS: Final = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


@app.command(
    help_epilogue="""\
Examples:
  podium doctor
  podium doctor --json | jq '.[] | select(.status != "ok")'

Exit codes: 0 all is well, or only warnings; 1 something does not work; 2 no server.""",
)
def doctor(*, json: Json = False, common: Common = Common()) -> int:
    """Look at everything that podium needs, and say what to do where something is wrong."""
    return run(_doctor(json, common))


async def _doctor(json: bool, common: Common) -> int:
    from . import _checks
    from ._check import Check

    checks = _checks.here()
    client = common.client()
    code = Exit.OK
    try:
        await client.open()
    except (sdk.ServiceUnavailable, sdk.NotAllowed) as error:
        advice = "start podium (podium up), or name its server with --nats URL"
        checks.append(Check("server", "fail", str(error), advice))
        code = Exit.NO_SERVER
    else:
        try:
            checks += [check async for check in _checks.there(client.connection, client.subjects)]
        finally:
            await client.close()
        if any(check.status == "fail" for check in checks):
            code = Exit.REFUSED
    if json:
        show_json(checks)
    else:
        _show(checks)
    return code


def _show(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    width = max(len(check.name) for check in checks)
    for check in checks:
        console.print(f"{_MARKS[check.status]}  {check.name:<{width}}  {escape(check.message)}")
        if check.advice:
            console.print(f"{'':<{width + 8}}→ {escape(check.advice)}", style="dim")
