"""What a policy says of one of its choices, so that the choice can be judged afterwards under another policy."""

from __future__ import annotations

from msgspec import Struct

from .names import RecordedName


class Shadow(Struct, frozen=True, gc=False):
    """What another policy, which decides nothing, would have made of the same choice.

    Attributes:
        propensity: the probability with which it would have chosen the same agent.
        worth: what it expects of the agents that it would have chosen, 0–1.
    """

    policy: RecordedName
    propensity: float
    worth: float


class Learned(Struct, frozen=True, gc=False, omit_defaults=True):
    """How a policy came to its choice.

    An attempt is worth `usual / (usual + duration)` if it completes and 0 if it fails: 0.5 for the usual, 0–1.

    Attributes:
        policy: its version.
        propensity: the exact probability with which it chose this agent among those who could take the task.
        usual: seconds that an attempt of such a task takes with an average agent; what worth is measured by.
        expected: the worth that is expected of the agent, 0–1.
        worth: the mean of what is expected of all its agents, by the probability with which it chooses each.
        tried: whether the agent was chosen to learn more of it rather than as the best.
        trial: the policy that is on trial as a canary, whether it or the one in force decided.
        shadow: what a policy on trial would have done.
    """

    policy: RecordedName
    propensity: float
    usual: float
    expected: float
    worth: float
    tried: bool = False
    trial: RecordedName | None = None
    shadow: Shadow | None = None
