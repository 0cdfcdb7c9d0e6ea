"""`podium predict`: what is expected of tasks, and how well that was known; modules started by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Usage, app, run, start_module
from ._saying import show_json

if TYPE_CHECKING:
    from podium.contracts.prediction_queries import SimilarCase

_BACKTEST = "podium.optimizer.backtest.main"

predict = App(name="predict", help="See what is expected of tasks, and how well that was known.")
app.command(predict)


@predict.command(
    help_epilogue="""\
Examples:
  podium predict backtest run.json
  podium predict backtest requests.csv --json | jq .coverage
  podium predict backtest trace.csv --known ContextTokens,GeneratedTokens

A CSV file needs a heading; commas, semicolons or tabs part its fields. Columns are known by their names: a duration
(duration, runtime_s, latency_ms …), and if there are any a time (timestamp, started_at …), a kind (kind, program,
operation …), an agent (agent, machine, host …) and sizes that are known beforehand (…_bytes, …_tokens, size, count …).
It says what it took for what.
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


@predict.command(
    help_epilogue="""\
Examples:
  podium predict task t1
  podium predict task --kind render --agent gpu-1 --input '{"frames": 40}'
  podium predict task t1 --json | jq .risks""",
)
def task(
    task_id: str = "",
    /,
    *,
    kind: str | None = None,
    agent: str | None = None,
    input: str = "null",
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Say what is expected of a task: success, duration with an interval, similar cases, risks.

    Parameters
    ----------
    task_id
        a task that was submitted; else give its --kind
    kind
        of a task that might be
    agent
        by whom; else the task's own agent, or any
    input
        JSON, of a task that might be
    """
    return run(_task(task_id, kind, agent, input, json, common))


async def _task(task_id: str, kind: str | None, agent: str | None, input: str, json: bool, common: Common) -> int:
    from podium.contracts.prediction_queries import GetPrediction

    content = _content(task_id, kind, input)
    question = GetPrediction(task_id=task_id or None, kind=kind, agent=agent, input=content, fresh=True)
    async with common.client() as client:
        answer = await client.query(question)
    if json:
        return show_json(answer)
    whom = answer.agent or "an agent of which nothing is known"
    print(f"{answer.kind} by {whom}, from {answer.attempts:.0f} attempts")
    print(f"  success   {answer.success:.1%}, {answer.success_low:.1%} to {answer.success_high:.1%}")
    if answer.duration is not None:
        print(f"  duration  {answer.duration:.3g} s, {answer.low:.3g} to {answer.high:.3g} s ({answer.level:.0%})")
    if answer.cost is not None:
        print(f"  cost      {answer.cost:.4g}")
    for risk in answer.risks:
        print(f"  risk      {risk}")
    for case in answer.similar:
        print(f"  similar   {_case(case)}")
    return Exit.OK


@predict.command(
    help_epilogue="""\
Examples:
  podium predict similar t1
  podium predict similar --kind summarise --text "a letter about the tides" --agent pen-1
  podium predict similar --kind render --input '{"frames": 40}' --json | jq '.cases[].duration'""",
)
def similar(
    task_id: str = "",
    /,
    *,
    kind: str | None = None,
    agent: str | None = None,
    input: str = "null",
    text: str | None = None,
    among: Annotated[int, Parameter(help="of the newest ended tasks of the kind [1000]")] = 1000,
    limit: Annotated[int, Parameter(help="at the most [10]")] = 10,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """List ended tasks that are most like one, by the text and the size of their inputs, with how they went.

    Parameters
    ----------
    task_id
        a task that was submitted; else give its --kind
    kind
        of a task that might be
    agent
        only what this agent did
    input
        JSON, of a task that might be
    text
        instead of --input: any words of it
    """
    return run(_similar(task_id, kind, agent, input, text, among, limit, json, common))


async def _similar(
    task_id: str,
    kind: str | None,
    agent: str | None,
    input: str,
    text: str | None,
    among: int,
    limit: int,
    json: bool,
    common: Common,
) -> int:
    from podium.contracts.prediction_queries import FindSimilar

    content = _content(task_id, kind, input) if text is None else text
    question = FindSimilar(
        task_id=task_id or None, kind=kind, input=content, agent=agent, among=among, limit=limit, fresh=True
    )
    async with common.client() as client:
        answer = await client.query(question)
    if json:
        return show_json(answer)
    for case in answer.cases:
        print(_case(case))
    print(f"{answer.looked_at} ended tasks were compared")
    return Exit.OK


def _content(task_id: str, kind: str | None, input: str) -> object:
    """Of a task that might be. Raises: Usage."""
    import msgspec

    if bool(task_id) == bool(kind):
        raise Usage("give either a task or --kind")
    try:
        return msgspec.json.decode(input)
    except msgspec.DecodeError as error:
        raise Usage(f"--input is no JSON: {error}") from error


def _case(case: SimilarCase) -> str:
    took = "" if case.duration is None else f" in {case.duration:.3g} s"
    cost = "" if case.cost is None else f" for {case.cost:g}"
    by = "" if case.agent is None else f" by {case.agent}"
    return f"{case.task_id} ({case.similarity:.2f}): {case.outcome}{by}{took}{cost}"


@predict.command(
    help_epilogue="""\
Example:
  podium predict calibration

Exit codes: 0 predictions are as right as they should be, 1 some kind of task has changed, 2 nobody answers.""",
)
def calibration(*, json: Json = False, common: Common = Common()) -> int:
    """Say how right predictions were lately: coverage, Brier score, reliability, and which kinds have changed."""
    return run(_calibration(json, common))


async def _calibration(json: bool, common: Common) -> int:
    from podium.contracts.prediction_queries import GetCalibration

    async with common.client() as client:
        answer = await client.query(GetCalibration(fresh=True))
    if json:
        show_json(answer)
    elif (found := answer.calibration) is None:
        print("nothing was predicted yet")
    else:
        if found.coverage is not None:
            print(f"durations  {found.coverage:.1%} of {found.intervals:.0f} were within; asked: {found.level:.0%}")
        if found.brier is not None and found.brier_of_share is not None:
            print(
                f"success    Brier score {found.brier:.4f}; always saying the overall share: {found.brier_of_share:.4f}"
            )
        for tenth in found.reliability:
            print(f"  said {tenth.predicted:6.1%}   came {tenth.observed:6.1%}   of {tenth.n:.0f}")
    if not json:
        for drift in answer.drifts:
            print(
                f"drift      {drift.kind}: {drift.measure} has changed ({drift.observed:.0%}, not {drift.expected:.0%})"
            )
    return Exit.REFUSED if answer.drifts else Exit.OK
