"""`podium diagnose`: what holds work up, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._app import Common, Exit, Json, app, run
from ._saying import show_json

if TYPE_CHECKING:
    from podium.contracts.diagnosis_queries import DiagnosisAnswer

_STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


@app.command(
    help_epilogue="""\
Examples:
  podium diagnose
  podium diagnose --window 3600
  podium diagnose --json | jq .findings

Exit codes: 0 nothing holds work up, 1 a warning or worse, 2 nobody answers.""",
)
def diagnose(*, window: float = 900.0, json: Json = False, common: Common = Common()) -> int:
    """Say what holds work up: skills that lack agents, slow agents, where the time goes; and what to do.

    Parameters
    ----------
    window
        how many seconds back to look
    """
    return run(_diagnose(window, json, common))


async def _diagnose(window: float, json: bool, common: Common) -> int:
    from podium.contracts.diagnosis_queries import Diagnose

    async with common.client() as client:
        answer = await client.query(Diagnose(window=window, fresh=True))
    if json:
        show_json(answer)
    else:
        _show(answer)
    return Exit.REFUSED if any(finding.severity != "info" for finding in answer.findings) else Exit.OK


def _show(answer: DiagnosisAnswer) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{answer.sampled} tasks that ended within {answer.window:g} s were looked at; {answer.waiting} wait now",
        style="dim",
    )
    for finding in answer.findings:
        console.print(f"[{_STYLES[finding.severity]}]{finding.severity:<8}[/]  {escape(finding.message)}")
        console.print(f"          → {escape(finding.advice)}", style="dim")
    if not answer.findings:
        console.print("nothing holds work up")
    if answer.kinds:
        console.print("\nwhere the time goes, in seconds", style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for heading in ("kind", "tasks", "failed", "stage", "p50", "p95", "share"):
            table.add_column(heading, justify="left" if heading in ("kind", "stage") else "right")
        for times in answer.kinds:
            about = (escape(times.kind), str(times.tasks), str(times.failed))
            for stage, each in [*times.stages.items(), ("total", times.total)]:
                table.add_row(*about, stage, f"{each.p50:.3g}", f"{each.p95:.3g}", f"{each.share:.0%}")
                about = ("", "", "")
        console.print(table)
    if answer.needs:
        console.print("\nwhat waits for whom", style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for heading in ("skills", "waiting", "oldest", "agents", "slots", "free"):
            table.add_column(heading, justify="left" if heading == "skills" else "right")
        for need in answer.needs:
            numbers = (str(number) for number in (need.agents, need.slots, need.free))
            skills = escape(" + ".join(need.skills)) or "any agent"
            table.add_row(skills, str(need.waiting), f"{need.oldest:.3g} s", *numbers)
        console.print(table)
