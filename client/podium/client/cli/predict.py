"""`podium predict`: what is expected of tasks, and how well that was known; modules started by their names."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from ._app import Json, app, start_module

_BACKTEST = "podium.optimizer.backtest.main"

predict = App(name="predict", help="See what is expected of tasks, and how well that was known.")
app.command(predict)


@predict.command(
    help_epilogue="""\
Examples:
  podium predict backtest run.json
  podium predict backtest requests.csv --json | jq .coverage
  podium predict backtest trace.csv --known ContextTokens,GeneratedTokens

A CSV file needs a heading. Columns are known by their names: a duration (duration, runtime_s, latency_ms …), and if
there are any a time (timestamp, started_at …), a kind (kind, program, operation …), an agent (agent, machine, host …)
and sizes that are known beforehand (…_bytes, …_tokens, size, count …). It says what it took for what.
Needs no server. Exit codes: 0 done, 2 a file that cannot be read.""",
)
def backtest(
    file: str,
    /,
    *,
    level: Annotated[float | None, Parameter(help="share that the intervals are to hold, 0.5 to 0.99 [0.9]")] = None,
    known: Annotated[str, Parameter(help="columns that are sizes known beforehand, with commas")] = "",
    agents: Annotated[int | None, Parameter(help="that serve a trace without durations [8]")] = None,
    seed: Annotated[int | None, Parameter(help="of what is drawn for such a trace [1]")] = None,
    json: Json = False,
) -> int:
    """Go through a recording in the order of time, predict each task before it is known, and say how good that was.

    Parameters
    ----------
    file
        WfFormat JSON, a language model's trace, or any CSV with a duration; also compressed by gzip
    """
    chosen = {"--level": level, "--known": known or None, "--agents": agents, "--seed": seed}
    options = [f"{name}={value}" for name, value in chosen.items() if value is not None]
    return start_module(_BACKTEST, *(["--json"] if json else []), *options, "--", file)
