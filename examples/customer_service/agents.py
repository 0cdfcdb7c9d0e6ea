"""Three agents that answer customers of podium: who looks first, who knows, and who takes it further.

podium agent run examples.customer_service.agents:triage
podium agent run examples.customer_service.agents:knowledge
podium agent run examples.customer_service.agents:escalation
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import blake2b
from typing import Any, Final

from podium.client import Agent, Task

from .passages import Library, words_in

_SIGNS: Final = {
    "technical": """error errors fail fails failed failing crash crashes crashed hangs stuck slow timeout waits broken
        restart install start starts started log logs server disk memory connection lost exception refused""",
    "product": """feature features support supports possible option options setting settings version versions limit
        limits difference compare which offer offers""",
    "urgent": "urgent urgently immediately emergency asap critical outage production down",
}
CATEGORIES: Final = {name: frozenset(_SIGNS[name].split()) for name in ("technical", "product")}
"""Words that speak for a category; where none do, an inquiry is general."""

URGENT: Final = frozenset(_SIGNS["urgent"].split())
LONG_WORDS: Final = 120
MANY_QUESTIONS: Final = 3
"""An inquiry with more words, or so many questions, is complex."""

triage = Agent("triage-1", slots=4)
knowledge = Agent("knowledge-1", slots=4)
escalation = Agent("escalation-1", slots=4)


def inquiry_of(task: Task) -> str:
    return str(task.input["context"]["inquiry"]["text"])


def classify(text: str) -> dict[str, Any]:
    """Category, priority and complexity of what a customer writes, and how clear that is."""
    words = words_in(text)
    votes = {name: sum(word in signs for word in words) for name, signs in CATEGORIES.items()}
    best = max(votes, key=lambda name: votes[name])
    found, total = votes[best], sum(votes.values())
    is_long = len(words) > LONG_WORDS or text.count("?") >= MANY_QUESTIONS
    return {
        "category": best if found else "general",
        "priority": "urgent" if URGENT & set(words) else "normal",
        "complexity": "high" if is_long else "low",
        "confidence": round((found + 1) / (total + 1), 3),
    }


@triage.skill("triage")
async def look(task: Task) -> dict[str, Any]:
    found = classify(inquiry_of(task))
    if found["category"] == "general":
        found["response"] = "Thank you for writing to us. Tell us what you would like to do, and we will show you how."
    return found


@knowledge.skill("knowledge")
async def look_up(task: Task) -> dict[str, Any]:
    """The passage of the documentation that says most about it, and what share of the question it covers."""
    hit = library().best(inquiry_of(task))
    if hit is None:
        return {"response": "The documentation says nothing about that.", "confidence": 0.0, "needs_human": True}
    return {
        "response": hit.passage.text,
        "source": f"{hit.passage.page}: {hit.passage.heading}",
        "confidence": round(hit.coverage, 3),
        "needs_human": False,
    }


@escalation.skill("escalation")
async def take_further(task: Task) -> dict[str, Any]:
    """A ticket for a person, with what is known so far."""
    text = inquiry_of(task)
    outputs: dict[str, Any] = task.input["outputs"]
    first = re.split(r"(?<=[.!?])\s+", text.strip())[0]
    ticket = f"T-{blake2b(task.input['session'].encode(), digest_size=4).hexdigest()}"
    urgent = outputs.get("triage", {}).get("priority") == "urgent"
    return {
        "ticket": ticket,
        "summary": first[:200],
        "notified": "supervisor" if urgent else "second level",
        "known": outputs.get("knowledge", {}).get("source"),
        "response": f"We have opened ticket {ticket}, and a person will answer you.",
        "confidence": 1.0,
    }


@cache
def library() -> Library:
    """Read at the first question."""
    return Library.of_documentation()
