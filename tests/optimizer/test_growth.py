"""A look at one kind of task costs the same however many others there are. Calls are counted, time is not.

A step of a workflow is a kind of its own unless it says otherwise, so there are soon thousands.
"""

from __future__ import annotations

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.optimizer.fleet import AHEAD, STEP, Submitted
from tests.optimizer.learning import Learning
from tests.rules.test_growth import calls


def cost(kinds: int) -> float:
    """Calls for each of so many kinds that one agent does, all with news."""
    learning = Learning().told(AgentRegistered(AgentProfile({"any": 1.0})), "a1")
    for seen in range(2):
        for number in range(kinds):
            learning.told(Submitted(f"k{number}", ("any",)), f"t{number}")
            learning.completed("a1", f"k{number}")
        learning.now += 2 * AHEAD * STEP * (1 - seen)  # so that it is known how many tasks come in

    def looks() -> None:
        while learning.state.experience.changed:
            learning.reacts()

    return calls(looks) / kinds


def test_a_look_costs_the_same_among_many_kinds():
    cost(10)
    assert cost(160) < 1.3 * cost(40)
