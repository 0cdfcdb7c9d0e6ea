"""`podium policy`: how agents are chosen for tasks that do not say, and what is tried to do better."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Usage, app, guarded, run, start_module
from ._saying import send, show_json

if TYPE_CHECKING:
    from podium.contracts.policies import Evidence
    from podium.contracts.policy_queries import PolicyRow

policy = App(
    name="policy", help="Policies: how agents are chosen for tasks that do not say, tried before they are used."
)
app.command(policy)

_MODULE = "podium.router.evaluate"
_TYPES = [
    "agent_registered",
    "agent_updated",
    "agent_unregistered",
    "agent_lost",
    "agent_recovered",
    "agent_suspected",
    "hold_placed",
    "hold_lifted",
    "task_submitted",
    "task_assigned",
    "task_started",
    "task_completed",
    "attempt_failed",
    "task_failed",
    "task_cancelled",
    "task_paused",
    "task_resumed",
    "task_redirected",
    "policy_applied",
    "policy_withdrawn",
]

Strategy = Literal["round_robin", "least_loaded", "best_score", "adaptive"]
Reason = Annotated[str | None, Parameter(help="why, for the log")]


@policy.command(
    help_epilogue="""\
Examples:
  podium policy propose learning-1
  podium policy propose bolder --exploration 0.2 --share 0.05 --reason "new agents come every day"

It is in shadow first, then a canary, and comes into force only if it is better for certain; else it is rolled back.""",
)
def propose(
    name: str,
    /,
    *,
    strategy: Strategy = "adaptive",
    exploration: float = 0.1,
    skill_weight: float = 0.5,
    share: float = 0.1,
    reason: Reason = None,
    common: Common = Common(),
) -> int:
    """Begin the trial of a policy.

    Parameters
    ----------
    name
        of the policy; a name is used once
    strategy
        how an agent is chosen
    exploration
        of adaptive: share of the choices, at the most, that try who may be better
    skill_weight
        of best_score: share of skill; the rest is freedom from load
    share
        of the tasks that it decides as a canary
    """
    import msgspec

    from podium.contracts.policies import Policy, ProposePolicy

    body = {
        "policy": Policy(strategy, exploration, skill_weight),
        "share": share,
        "reason": reason,
    }
    try:
        command = msgspec.convert(msgspec.to_builtins(body), ProposePolicy)
    except msgspec.ValidationError as error:
        text = str(error)
        return guarded(lambda: _usage(text))
    return run(send(common, "optimizer", name, command, "in shadow"))


def _usage(sentence: str) -> int:
    raise Usage(sentence)


@policy.command(
    help_epilogue="""\
Example:
  podium policy promote learning-1 --reason "a week is enough\"""",
)
def promote(name: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Let a policy go on to its next stage whatever its trial has shown: shadow, canary, in force."""
    from podium.contracts.policies import PromotePolicy

    return run(send(common, "optimizer", name, PromotePolicy(reason), "promoted"))


@policy.command(
    help_epilogue="""\
Example:
  podium policy rollback learning-1 --reason "too many risks\"""",
)
def rollback(name: str, /, *, reason: Reason = None, common: Common = Common()) -> int:
    """Take a policy out of use; if it was in force, the one before it is again."""
    from podium.contracts.policies import RollBackPolicy

    return run(send(common, "optimizer", name, RollBackPolicy(reason), "rolled back"))


@policy.command(
    name="list",
    help_epilogue="""\
Examples:
  podium policy list
  podium policy list --all --json | jq '.policies[].steps'""",
)
def list_(
    *,
    everything: Annotated[bool, Parameter(name="--all", negative=(), help="also those out of use")] = False,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Show the policy in force and the one on trial, and what the trial has shown."""
    return run(_list(everything, json, common))


async def _list(everything: bool, json: bool, common: Common) -> int:
    from podium.contracts.policy_queries import ListPolicies

    async with common.client() as client:
        answer = await client.query(ListPolicies(open=None if everything else True, fresh=True))
    if json:
        return show_json(answer)
    if not answer.policies:
        print("no policy is on trial or in force: the router's settings are")
    for row in answer.policies:
        _print(row)
    return Exit.OK


@policy.command(
    help_epilogue="""\
Examples:
  podium policy show learning-1
  podium policy show learning-1 --json | jq .policy.standing""",
)
def show(name: str, /, *, json: Json = False, common: Common = Common()) -> int:
    """Show a policy, how it came where it is, and the evidence of each step of its trial."""
    return run(_show(name, json, common))


async def _show(name: str, json: bool, common: Common) -> int:
    from podium.contracts.policy_queries import GetPolicy

    async with common.client() as client:
        answer = await client.query(GetPolicy(policy_id=name, fresh=True))
    if json:
        return show_json(answer)
    _print(answer.policy, in_full=True)
    return Exit.OK


def _print(row: PolicyRow, *, in_full: bool = False) -> None:
    from ._words import in_short

    parameter = {
        "adaptive": f", exploration {row.policy.exploration:g}",
        "best_score": f", skill weight {row.policy.skill_weight:g}",
    }.get(row.policy.strategy, "")
    share = f" for {row.share:.0%} of the tasks" if row.stage == "canary" else ""
    print(f"{row.policy_id}  {row.stage or 'out of use'}{share}  ({row.policy.strategy}{parameter})")
    for step in row.steps:
        print(f"    {in_short('at', step.at)}  {step.stage or 'out of use':<10}  by {step.by}: {step.reason}")
        if in_full and step.evidence is not None:
            _print_evidence(step.evidence)
    if row.stage not in ("shadow", "canary"):
        return
    if (standing := row.standing) is None:
        print("    nothing is known yet of its trial: it is looked at first after some attempts")
        return
    print(f"    {in_short('at', standing.at)}  undecided   it is looked at again at {standing.again_at:,} attempts")
    _print_evidence(standing.evidence)


def _print_evidence(evidence: Evidence) -> None:
    way = "doubly robust" if evidence.method == "doubly_robust" else "difference of two means"
    print(f"        worth   {evidence.worth:.4f}, today's {evidence.today:.4f}   (0.5 is usual, 0 a failure)")
    limits = f"{evidence.low:+.4f} to {evidence.high:+.4f}"
    print(f"        gain   {evidence.gain:+.4f}, {limits}   (95 %, all looks together)")
    print(f"        from    {evidence.attempts:,} attempts, {way}")


@policy.command(
    help_epilogue="""\
Examples:
  podium policy evaluate --live
  podium events --no-follow --json > log.jsonl && podium policy evaluate log.jsonl --exploration 0.02 --json

Only choices that left something to chance tell much: adaptive ones, and those of a canary.
Exit codes: 0 with a result, 1 if the log tells nothing of the policy, 2 no server, or a file that cannot be read.""",
)
def evaluate(
    file: str = "",
    /,
    *,
    live: Annotated[bool, Parameter(negative=(), help="the logs of the running system")] = False,
    strategy: Strategy = "adaptive",
    exploration: float = 0.1,
    skill_weight: float = 0.5,
    json: Json = False,
    common: Common = Common(),
) -> int:
    """Say what a policy would have been worth on the choices that were made; nothing is changed.

    Parameters
    ----------
    file
        events, as podium events --json prints them
    strategy
        how the policy chooses
    exploration
        of adaptive
    skill_weight
        of best_score
    """
    if bool(file) == live:
        return guarded(lambda: _usage("give a file or --live"))
    options = [
        f"--strategy={strategy}",
        f"--exploration={exploration!r}",
        f"--skill-weight={skill_weight!r}",
        *(("--json",) if json else ()),
    ]
    if live:
        return run(_evaluate_live(options, common))
    return start_module(_MODULE, *options, "--", "-" if file == "@-" else file)


async def _evaluate_live(options: Sequence[str], common: Common) -> int:
    """The logs are read here, and judged by a process of the router's."""
    import asyncio

    import msgspec

    command = [sys.executable, "-P", "-m", _MODULE, *options, "--", "-"]
    async with common.client() as client:
        judge = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        assert judge.stdin is not None
        async for event in client.events(types=_TYPES, follow=False):
            judge.stdin.write(msgspec.json.encode({"event": event.envelope}) + b"\n")
            await judge.stdin.drain()
        judge.stdin.close()
        return await judge.wait()
