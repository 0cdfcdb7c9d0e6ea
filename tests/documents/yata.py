"""Recordings of writers who do not see each other's work at once, with the text that the algorithm itself says.

An independent and slow form of YATA (Nicolaescu et al., 2016, as in Yjs): a version is the set of edits that were seen,
and its text is made from nothing each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

Id = tuple[int, int]


@dataclass
class Item:
    id: Id
    origin: Id | None
    right: Id | None
    character: str


@dataclass
class Edit:
    """One transaction: items that it adds, items that it deletes."""

    items: list[Item] = field(default_factory=list[Item])
    deleted: list[Id] = field(default_factory=list[Id])


def integrated(edits: list[Edit]) -> list[Item]:
    items: list[Item] = []
    for item in (item for edit in edits for item in edit.items):
        at = {known.id: place for place, known in enumerate(items)}
        left = -1 if item.origin is None else at[item.origin]
        end = len(items) if item.right is None else at[item.right]
        before: set[Id] = set()
        rivals: set[Id] = set()
        for place in range(left + 1, end):
            other = items[place]
            before.add(other.id)
            rivals.add(other.id)
            if other.origin == item.origin:
                if other.id[0] < item.id[0]:
                    left = place
                    rivals.clear()
                elif other.right == item.right:
                    break
            elif other.origin is not None and other.origin in before:
                if other.origin not in rivals:
                    left = place
                    rivals.clear()
            else:
                break
        items.insert(left + 1, item)
    return items


def recorded(random: Random, agents: int, transactions: int, alphabet: str) -> dict[str, Any]:
    """A recording; each writer merges the others' work now and then."""
    edits: list[Edit] = []
    seen: list[set[int]] = []
    heads: list[set[int]] = [set() for _ in range(agents)]
    clocks = [0] * agents
    txns: list[dict[str, Any]] = []
    for number in range(transactions):
        last = number == transactions - 1
        agent = random.randrange(agents)
        known = set(heads[agent])
        if last:
            known = set(range(number))
        elif random.random() < 0.4 and number:
            other = random.randrange(number)
            known |= seen[other] | {other}
        edit, patches = _edit(random, agent, clocks, [edits[n] for n in sorted(known)], alphabet)
        parents = sorted(n for n in known if not any(n in seen[m] for m in known))
        txns.append({"parents": parents, "numChildren": 0, "agent": agent, "patches": patches})
        edits.append(edit)
        seen.append(known)
        heads[agent] = known | {number}
    return {"kind": "concurrent", "endContent": _text(edits), "numAgents": agents, "txns": txns}


def _edit(random: Random, agent: int, clocks: list[int], edits: list[Edit], alphabet: str) -> tuple[Edit, list[Any]]:
    items, gone, edit = integrated(edits), {id for edit in edits for id in edit.deleted}, Edit()
    patches: list[Any] = []
    for _ in range(random.randint(1, 3)):
        visible = [place for place, item in enumerate(items) if item.id not in gone]
        position = random.randint(0, len(visible))
        count = random.randint(0, min(2, len(visible) - position))
        typed = "".join(random.choice(alphabet) for _ in range(random.randint(0 if count else 1, 3)))
        for place in visible[position : position + count]:
            gone.add(items[place].id)
            edit.deleted.append(items[place].id)
        left = [place for place in visible if items[place].id not in gone][position:]
        at = left[0] if left else len(items)  # behind what is deleted there, as Yjs does
        right = items[at].id if at < len(items) else None
        origin = items[at - 1].id if at else None
        for character in typed:
            item = Item((agent, clocks[agent]), origin, right, character)
            clocks[agent] += 1
            edit.items.append(item)
            items.insert(at, item)
            at, origin = at + 1, item.id
        patches.append([position, count, typed])
    return edit, patches


def _text(edits: list[Edit]) -> str:
    gone = {id for edit in edits for id in edit.deleted}
    return "".join(item.character for item in integrated(edits) if item.id not in gone)
