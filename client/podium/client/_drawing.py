"""Workflows as pictures: Mermaid text, and SVG that needs no other program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

from podium.contracts.definitions import Definition, Step
from podium.contracts.definitions.graph import dependencies_of, levels

_COLOURS: Final = {
    "waiting": ("#f3f4f6", "#9ca3af"),
    "running": ("#dbeafe", "#2563eb"),
    "completed": ("#dcfce7", "#16a34a"),
    "failed": ("#fee2e2", "#dc2626"),
    "skipped": ("#ffffff", "#d1d5db"),
}
"""State → fill and line."""

_WIDTH: Final = 180
_HEIGHT: Final = 44
_ACROSS: Final = 70
_DOWN: Final = 20
_MARGIN: Final = 20


def mermaid(definition: Definition, states: Mapping[str, str] | None = None) -> str:
    """A flowchart; steps are coloured by their states."""
    numbers = {step.id: f"s{number}" for number, step in enumerate(definition.tasks)}
    lines = ["flowchart LR"]
    for step in definition.tasks:
        label = f"{step.id}<br/>{_note(step)}" if _note(step) else step.id
        label = label.replace('"', "#quot;")
        opening, closing = ("{{", "}}") if step.when else ("([", "])") if step.action != "task" else ("[", "]")
        lines.append(f'  {numbers[step.id]}{opening}"{label}"{closing}')
    for name, needed in dependencies_of(definition.tasks).items():
        lines += [f"  {numbers[other]} --> {numbers[name]}" for other in needed]
    if states is not None:
        for state, (fill, line) in _COLOURS.items():
            lines.append(f"  classDef {state} fill:{fill},stroke:{line}")
        for step in definition.tasks:
            lines.append(f"  class {numbers[step.id]} {states.get(step.id, 'waiting')}")
    return "\n".join(lines) + "\n"


def svg(definition: Definition, states: Mapping[str, str] | None = None) -> str:
    """Columns by how far a step is from the start; within one, steps stand near those that they wait for."""
    needed = dependencies_of(definition.tasks)
    column = levels(needed)
    rows: dict[str, float] = {}
    columns: dict[int, list[str]] = {}
    for step in definition.tasks:
        columns.setdefault(column[step.id], []).append(step.id)
    for number in sorted(columns):
        middle = {name: sum(rows[o] for o in needed[name]) / len(needed[name]) if needed[name] else 0.0
                  for name in columns[number]}  # fmt: skip
        columns[number].sort(key=lambda name: middle[name])
        rows |= {name: float(row) for row, name in enumerate(columns[number])}
    tallest = max(len(names) for names in columns.values())
    width = 2 * _MARGIN + len(columns) * (_WIDTH + _ACROSS) - _ACROSS
    height = 2 * _MARGIN + tallest * (_HEIGHT + _DOWN) - _DOWN
    places = {
        name: (
            _MARGIN + column[name] * (_WIDTH + _ACROSS),
            _MARGIN + (rows[name] + (tallest - len(columns[column[name]])) / 2) * (_HEIGHT + _DOWN),
        )
        for name in rows
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="13">',
        f"<title>{escape(definition.name or definition.id)}</title>",
    ]
    parts += [_edge(places[other], places[name]) for name, others in needed.items() for other in others]
    parts += [_box(step, places[step.id], (states or {}).get(step.id, "waiting")) for step in definition.tasks]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1, x2, y2 = start[0] + _WIDTH, start[1] + _HEIGHT / 2, end[0], end[1] + _HEIGHT / 2
    bend = (x1 + x2) / 2
    path = f"M{x1:g},{y1:g} C{bend:g},{y1:g} {bend:g},{y2:g} {x2:g},{y2:g}"
    return f'<path d="{path}" fill="none" stroke="#9ca3af" stroke-width="1.5"/>'


def _box(step: Step, place: tuple[float, float], state: str) -> str:
    fill, line = _COLOURS.get(state, _COLOURS["waiting"])
    x, y = place
    note = _note(step)
    dashes = ' stroke-dasharray="5 3"' if step.when else ""
    title = f"{step.id}: {state}" + (f" ({note})" if note else "")
    lines = [
        f"<g><title>{escape(title)}</title>",
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="{fill}" stroke="{line}"{dashes}/>',
        f'<text x="{x + 10:g}" y="{y + (18 if note else 27):g}">{escape(_short(step.id))}</text>',
    ]
    if note:
        lines.append(f'<text x="{x + 10:g}" y="{y + 35:g}" font-size="11" fill="#6b7280">{escape(_short(note))}</text>')
    return "".join([*lines, "</g>"])


def _note(step: Step) -> str:
    """What is special about a step."""
    match step.action:
        case "workflow":
            note = f"workflow {step.workflow}"
        case "wait_for":
            note = f"signal {step.wait_for}"
        case "approve":
            note = f"approval: {', '.join(step.approve.roles) if step.approve else ''}"
        case "synthesis":
            note = f"synthesis: {step.synthesis.method if step.synthesis else ''}"
        case _:
            note = ""
    several = "for each" if step.for_each else "loop" if step.is_loop else ""
    return " · ".join(part for part in (note, several, "if" if step.when else "") if part)


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
