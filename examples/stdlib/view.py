"""The run as it happens: a live picture on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Protocol, Self

from msgspec import Struct, field
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .agents import Role
from .analysis import SKILLS
from .story import AgentStory, Note, Story

NOTES_SHOWN: Final = 8
RATE_SECONDS: Final = 3.0
"""The rate is that of the last seconds."""

LINE_SECONDS: Final = 1.0
"""How often the plain view writes a line."""

PHASE_STYLES: Final = {
    "queued": "yellow",
    "delayed": "red",
    "assigned": "cyan",
    "running": "blue",
    "completed": "green",
    "failed": "bold red",
}


class Scene(Struct):
    """What there is to see.

    Attributes:
        doing: what the conductor is at.
        began: when it began, seconds since the epoch, UTC.
        beats: when each agent's last heartbeat came, as podium knows it.
        killed: the agent that was killed.
    """

    story: Story
    roles: Mapping[str, Role]
    doing: str
    began: float
    beats: dict[str, float] = field(default_factory=lambda: dict[str, float]())
    killed: str | None = None


class View(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self) -> None:
        """Show how things are now; called a few times a second."""
        ...


class _Rate:
    """Tasks a second, lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, closed: int) -> float:
        now = time.monotonic()
        self._seen.append((now, closed))
        while now - self._seen[0][0] > RATE_SECONDS:
            self._seen.popleft()
        first, before = self._seen[0]
        return (closed - before) / (now - first) if now > first else 0.0


class LiveView:
    """The picture on a terminal."""

    def __init__(self, console: Console, scene: Scene) -> None:
        self._scene = scene
        self._rate = _Rate()
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.show()
        self._live.__exit__(kind, fault, trace)

    def show(self) -> None:
        self._live.update(picture(self._scene, self._rate.of(self._scene.story.closed)), refresh=True)


class PlainView:
    """A line a second, and one for each thing worth telling."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._rate = _Rate()
        self._told: Note | None = None
        self._line = ""
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._last = 0.0
        self.show()

    def show(self) -> None:
        for note in self._news():
            _say(f"{note.at - self._scene.began:6.1f} s  {note.text}")
        rate = self._rate.of(self._scene.story.closed)
        line = self._summary()
        if line != self._line and time.monotonic() - self._last >= LINE_SECONDS:
            self._line, self._last = line, time.monotonic()
            _say(f"{time.time() - self._scene.began:6.1f} s  {line}  {rate:.0f}/s")

    def _news(self) -> list[Note]:
        notes = list(self._scene.story.notes)
        start = notes.index(self._told) + 1 if self._told in notes else 0
        self._told = notes[-1] if notes else None
        return notes[start:]

    def _summary(self) -> str:
        story = self._scene.story
        in_hand = story.phases["assigned"] + story.phases["running"]
        skills = " ".join(f"{skill} {story.finished[skill]}" for skill in SKILLS)
        return (
            f"{self._scene.doing}: {story.closed}/{len(story.tasks)} done, {story.phases['queued']} queued, "
            f"{in_hand} in hand ({skills})"
        )


def make_view(scene: Scene, console: Console) -> View:
    return LiveView(console, scene) if console.is_terminal else PlainView(scene)


def picture(scene: Scene, rate: float) -> RenderableType:
    story = scene.story
    now = time.time()
    head = Text.assemble(
        (f"{now - scene.began:5.1f} s  ", "bold"),
        (scene.doing, "bold"),
        f"   {story.closed:,} of {len(story.tasks):,} tasks done   {rate:,.0f} tasks/s",
    )
    return Group(head, Text(), _agents(scene, now), Text(), _phases(story), _skills(story), Text(), _notes(scene))


def _agents(scene: Scene, now: float) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", expand=False)
    for name in ("agent", "skills", "slots", "done", "lost", "heartbeat", "last task"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("done", "lost") else "left")
    table.columns[-1].width = 40
    for name, role in scene.roles.items():
        agent = scene.story.agents.get(name, AgentStory())
        killed = name == scene.killed
        busy = min(len(agent.in_hand), role.slots)
        table.add_row(
            Text(name, "bold red" if killed else "bold"),
            Text(" ".join(f"{skill} {level:g}" for skill, level in role.levels.items()), "dim")
            if len(role.levels) < len(SKILLS)
            else Text(f"all four {next(iter(role.levels.values())):g}", "dim"),
            Text.assemble(("■" * busy, "red" if killed else "blue"), ("□" * (role.slots - busy), "dim")),
            f"{agent.done.total():,}",
            str(agent.lost) if agent.lost else "",
            _heartbeat(scene, name, now),
            Text("killed" if killed else agent.latest, "red" if killed else ""),
        )
    return table


def _heartbeat(scene: Scene, name: str, now: float) -> Text:
    at = scene.beats.get(name)
    if at is None:
        return Text("none yet", "dim")
    age = max(now - at, 0.0)
    return Text(f"{age:.0f} s ago", "red" if age > 3 else "green")


def _phases(story: Story) -> Text:
    parts = [(f"{phase} {story.phases[phase]:,}   ", style) for phase, style in PHASE_STYLES.items()]
    return Text.assemble(*parts)


def _skills(story: Story) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for skill in SKILLS:
        done, total = story.finished[skill], story.totals[skill]
        table.add_row(skill, ProgressBar(total=max(total, 1), completed=done, width=50), f"{done:,}/{total:,}")
    return table


def _notes(scene: Scene) -> Text:
    shown = list(scene.story.notes)[-NOTES_SHOWN:]
    lines = [f"{note.at - scene.began:5.1f} s  {note.text}" for note in shown]
    return Text("\n".join(lines + [""] * (NOTES_SHOWN - len(lines))), "dim", no_wrap=True, overflow="ellipsis")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
