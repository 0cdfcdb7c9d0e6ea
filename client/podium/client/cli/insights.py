"""`podium insights`: what was found out about agents and kinds of task, and its advice."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, app, run, tell
from ._saying import show_json

insights = App(name="insights", help="See what was found out about agents and kinds of task, and follow the advice.")
app.command(insights)


@insights.command(
    name="list",
    help_epilogue="""\
Examples:
  podium insights list
  podium insights list --agent echo-1 --all
  podium insights list --json | jq '.insights[].message'""",
)
def list_(
    *,
    agent: str | None = None,
    kind: str | None = None,
    everything: Annotated[bool, Parameter(name="--all", negative=(), help="also what holds no more")] = False,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List what was found out, the newest first, with its evidence.

    Parameters
    ----------
    agent
        only what is about this agent
    kind
        only what is about this kind of task
    """
    return run(_list(agent, kind, everything, json, common))


async def _list(agent: str | None, kind: str | None, everything: bool, json: bool, common: Common) -> int:
    from podium.contracts.insights import InsightRow, ListInsights

    from ._words import in_short

    async with common.client() as client:
        question = ListInsights(open=None if everything else True, agent=agent, kind=kind, fresh=True)
        answer = await client.query(question)
    if json:
        return show_json(answer)

    def limits(row: InsightRow) -> str:
        if row.unit == "ratio":
            return f"{row.effect:.2f} times, {row.low:.2f} to {row.high:.2f}"
        if row.finding == "waits":
            return f"{row.effect:.0%} of its time, {row.low:.0%} to {row.high:.0%}"
        return f"{row.effect:+.0%}, {row.low:+.0%} to {row.high:+.0%}"

    for row in answer.insights:
        gone = "" if row.withdrawn_at is None else "  (it is so no more)"
        counts = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.counts.items())
        print(f"{row.insight}{gone}\n  {row.message}\n  {limits(row)}, with 95 % certainty")
        print(f"  at {in_short('found_at', row.found_at)}: {counts}")
        if row.advice is not None and row.applied_at is None:
            print(f"  advice: {row.advice.says}: podium insights apply {row.insight}")
        if row.applied_at is not None:
            print(f"  followed by {row.applied_by}; {_effect(row)}")
    if not answer.insights:
        print("nothing was found out yet")
    return Exit.OK


def _effect(row: object) -> str:
    from podium.contracts.insights import InsightRow

    assert isinstance(row, InsightRow)
    result = row.result
    if result is None:
        return "its effect is measured after 30 attempts"
    said = (
        f"{result.verdict} after {result.attempts:.0f} attempts: "
        f"success {result.success_before:.0%} before, {result.success_after:.0%} after, "
        f"a gain of {result.gain_low:+.0%} to {result.gain_high:+.0%}"
    )
    if result.ratio_low is not None and result.ratio_high is not None:
        said += f"; durations {result.ratio_low:.2f} to {result.ratio_high:.2f} times those before"
    if result.waiting_low is not None and result.waiting_high is not None:
        said += f"; waiting {result.waiting_low:+.3g} to {result.waiting_high:+.3g} s"
    return said


@insights.command(
    help_epilogue="""\
Examples:
  podium insights apply fails-more-1a2b3c4d5e6f --dry-run
  podium insights apply fails-more-1a2b3c4d5e6f

The command goes out in your name, so you need the right to send it.
Its effect is measured afterwards: podium insights list.""",
)
def apply(
    insight: str,
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative=(), help="only say what would be sent")] = False,
    common: Common = Common(),
) -> int:
    """Follow an insight's advice: send its command, and have the effect measured.

    Parameters
    ----------
    insight
        as podium insights list shows it
    """
    return run(_apply(insight, dry_run, common))


async def _apply(insight: str, dry_run: bool, common: Common) -> int:
    from podium.client._learning import NoAdvice

    async with common.client() as client:
        try:
            advice = await (client.learning.advice(insight) if dry_run else client.learning.apply(insight))
        except NoAdvice as error:
            tell(str(error))
            return Exit.REFUSED
    if dry_run:
        print(f"would send {advice.command} to {advice.service} for {advice.entity}: {advice.says}")
    else:
        print(f"applied  {insight}: {advice.says}")
    return Exit.OK
