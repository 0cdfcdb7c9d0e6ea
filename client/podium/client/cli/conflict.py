"""`podium conflict`: who claims what, which goals oppose each other, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from . import _decisions as decisions
from ._app import Common, Json, app, guarded, run

if TYPE_CHECKING:
    from msgspec import Struct

    from podium.contracts.conflict_queries import ConflictRow

conflict = App(name="conflict", help="Claim resources, look for conflicts among agents, appeal, settle.")
app.command(conflict)


@conflict.command(help_epilogue="Example:\n  podium conflict claim gpu --priority 7 --seconds 60 --as ann")
def claim(
    resource: str,
    /,
    *,
    amount: int = 1,
    priority: int = 5,
    seconds: float | None = None,
    common: Common = Common(),
) -> int:
    """Claim a resource, or wait for it.

    Parameters
    ----------
    resource
        its name
    amount
        how much of it
    priority
        0 to 9; higher ones go first
    seconds
        for so long, as far as you know
    """
    body = {"amount": amount, "priority": priority, "seconds": seconds}
    return run(decisions.send(common, resource, ("claim_resource", body), "claimed"))


@conflict.command(help_epilogue="Example:\n  podium conflict release gpu --as ann")
def release(resource: str, /, *, common: Common = Common()) -> int:
    """Give a resource back, or wait for it no longer.

    Parameters
    ----------
    resource
        its name
    """
    return run(decisions.send(common, resource, ("release_resource", {}), "released"))


@conflict.command(help_epilogue="Example:\n  podium conflict define gpu 2")
def define(resource: str, capacity: int, /, *, common: Common = Common()) -> int:
    """Say how much there is of a resource.

    Parameters
    ----------
    resource
        its name
    capacity
        how much there is
    """
    return run(decisions.send(common, resource, ("define_resource", {"capacity": capacity}), "defined"))


@conflict.command(help_epilogue="Example:\n  podium conflict resources")
def resources(*, json: Json = False, common: Common = Common()) -> int:
    """List resources: who holds them, and who waits, the next one first."""
    from podium.contracts.conflict_queries import ListResources, ResourceRow

    def line(row: ResourceRow) -> str:
        held, queue = (", ".join(claim.claimant for claim in claims) or "nobody" for claims in (row.held, row.queue))
        return f"{row.resource}  {row.capacity}  held by {held}  waiting: {queue}"

    return run(decisions.listed(common, ListResources(fresh=True), lambda answer: answer.resources, line, json))


@conflict.command(
    help_epilogue="""\
Example, with plan.yaml:
  agents:
    ann: {goals: [maximize-speed], resources: [gpu], priority: 7}
    bob: {goals: [ensure-accuracy], resources: [gpu], priority: 3}
  seconds: 60

  podium conflict detect plan-7 plan.yaml""",
)
def detect(occasion: str, file: str, /, *, common: Common = Common()) -> int:
    """Look for conflicts among agents, and resolve them.

    Parameters
    ----------
    occasion
        a name for it: a session's, a plan's
    file
        YAML or JSON with agents, and seconds, attended; - for standard input
    """

    def command() -> int:
        body = decisions.body(file)
        return run(decisions.send(common, occasion, ("detect_conflicts", body), "looked at"))

    return guarded(command)


@conflict.command(help_epilogue="Example:\n  podium conflict accept gpu-1 --as bob")
def accept(name: str, /, *, common: Common = Common()) -> int:
    """Be content with how a conflict was resolved, as a party to it.

    Parameters
    ----------
    name
        of the conflict
    """
    return run(decisions.send(common, name, ("accept_resolution", {}), "accepted"))


@conflict.command(help_epilogue='Example:\n  podium conflict appeal gpu-1 --reason "my deadline is nearer" --as bob')
def appeal(name: str, /, *, reason: str, common: Common = Common()) -> int:
    """Object to how a conflict was resolved, as a party to it.

    Parameters
    ----------
    name
        of the conflict
    reason
        for who decides
    """
    return run(decisions.send(common, name, ("appeal_conflict", {"reason": reason}), "appealed"))


@conflict.command(help_epilogue="Example:\n  podium conflict decide gpu-1 --uphold")
def decide(
    name: str,
    /,
    *,
    uphold: Annotated[bool, Parameter(negative="--dismiss")],
    reason: str = "",
    common: Common = Common(),
) -> int:
    """Decide an appeal.

    Parameters
    ----------
    name
        of the conflict
    uphold
        who waits goes to the front, or the conflict is open again; --dismiss leaves it as it is
    reason
        for the log
    """
    body = {"upheld": uphold, "reason": reason}
    return run(decisions.send(common, name, ("decide_appeal", body), "decided"))


@conflict.command(help_epilogue="Example:\n  podium conflict settle plan-7-goals-1 --winner ann")
def settle(name: str, /, *, winner: str | None = None, reason: str = "", common: Common = Common()) -> int:
    """Decide a conflict that is open.

    Parameters
    ----------
    name
        of the conflict
    winner
        who prevails
    reason
        for the log
    """
    body = {"winner": winner, "reason": reason}
    return run(decisions.send(common, name, ("settle_conflict", body), "settled"))


def _one(name: str) -> Struct:
    from podium.contracts.conflict_queries import GetConflict

    return GetConflict(conflict=name, fresh=True)


def _several(is_open: bool | None, limit: int) -> Struct:
    from podium.contracts.conflict_queries import ListConflicts

    return ListConflicts(open=is_open, limit=limit, fresh=True)


def _line(row: ConflictRow) -> str:
    about = row.resource or " / ".join(row.goals)
    return f"{row.conflict}  {row.kind}  {', '.join(row.parties)}  {about}  {row.how or 'open'}"


decisions.show_and_list(
    conflict,
    "conflict",
    "gpu-1",
    shown="how it was resolved, and the wait that was expected and that came",
    one=_one,
    several=_several,
    line=_line,
    which="open, appealed or waited over",
)
