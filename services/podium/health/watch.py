"""When each agent and each attempt must be looked at again: an index, always remakeable from the parts."""

from __future__ import annotations

from typing import Final

from podium.contracts.envelope import Beat, Progress
from podium.contracts.recovery import Scope, successor
from podium.kernel.timers import Timers

from . import troubles
from .accrual import Rhythm, fleet_loss, new_rhythm
from .book import HoldKey, Recovery
from .parts import Attempt, Hearing, Load, Parts, Step
from .rota import Rota
from .settings import HealthSettings

HOLD: Final = "~"
"""Begins the names of holds' timers; no task's name begins with it."""

MESSAGES: Final = "&"
"""The name of the timer of messages to people."""

MEASURE: Final = "%"
"""The name of the timer of measurements."""

RECOVERY: Final = "!"
"""Begins the names of recoveries' timers."""

TICK: Final = 0.5
"""Seconds between two looks at the most, while there is anybody to look at."""

AT_ONCE: Final = 1000
"""So many of those whose time has come have their turn in one look."""

DEAF: Final = 1.0
"""Who looks so much later than it meant to did not listen either."""

FEW: Final = 3
"""Of fewer agents than this that all fall silent each is judged by itself."""


class Watch:
    """
    Attributes:
        rota: when each agent is to be looked at, if it is not heard.
        timers: of everything else.
        returned: agents in doubt that were heard, and tasks that were stalled and are not.
        bereft: lost agents that have tasks in hand.
        stuck: tasks that were stalled just now.
        failed: tasks whose attempt has failed just now and that wait for the next one.
        moved: recoveries of whose tasks something was heard.
        doubtful: troubles that may have begun or ended.
        alarmed: something has happened of which people may be to be told.
        unmeasured: what has not had its turn in this round of measurements.
        unsure: whose state may be another one than was said last.
    """

    def __init__(self, parts: Parts, settings: HealthSettings) -> None:
        self._parts, self._settings = parts, settings
        self.rota, self.timers = Rota(), Timers()
        self.returned: dict[str, None] = {}
        self.bereft: dict[str, None] = {}
        self.stuck: dict[str, None] = dict.fromkeys(parts.book.stalls)
        self.failed: dict[str, None] = dict.fromkeys(parts.rests)
        self.moved: dict[str, None] = {}
        self.doubtful: dict[troubles.Key, None] = dict.fromkeys(troubles.known(parts))
        self.alarmed = True
        self.unmeasured: dict[tuple[Scope, str], None] = {}
        self.unsure: dict[tuple[Scope, str], None] = {}
        self._saving: dict[str, str] = {}
        for agent, standing in parts.book.standings.items():
            if standing.lost_at is not None:
                self.bereft[agent] = None
        for key, hold in parts.book.holds.items():
            self.held(key, hold.until)
        for name, recovery in parts.book.recoveries.items():
            self.saving(name, recovery)
        for agent in parts.promises:
            self.enter(agent)
        for task in parts.attempts:
            self.given(task)

    # Who listens

    def listen(self, now: float) -> None:
        """Before each look: what was not listened to was no silence."""
        parts = self._parts
        if parts.listening is None or now - parts.looked > TICK + DEAF:
            parts.listening = now
            self.timers.set(MEASURE, now + self._settings.check_interval)  # the others are put off when they are due
        parts.looked = now

    def next_time(self) -> float | None:
        """When to look again if nothing happens; a look that comes late is how deafness is noticed."""
        parts = self._parts
        if (
            self.returned
            or self.bereft
            or self.stuck
            or self.failed
            or self.moved
            or self.unsure
            or self.doubtful
            or (parts.fallen and parts.book.plans)
            or parts.results.judged
            or parts.ends
        ):
            return 0.0
        if parts.listening is None or (not parts.promises and not len(self.timers)):
            return None
        times = (self.rota.not_before(), self.timers.not_before(), parts.looked + TICK)
        return min(time for time in times if time is not None)

    # Agents

    def enter(self, agent: str) -> None:
        """The agent promises beats, from now on or in another rhythm."""
        promise = self._parts.promises[agent]
        known = self._parts.hearings.get(agent)
        if known is not None:
            known.rhythm = new_rhythm(promise.interval)
        self.plan(agent)

    def leave(self, agent: str) -> None:
        """The agent promises no beats any more."""
        self._parts.hearings.pop(agent, None)
        self.rota.set(agent, None)
        if agent in self._parts.book.standings:
            self.returned[agent] = None

    def heard(self, agent: str, now: float, beat: Beat | None) -> None:
        """Any sign of life; only its beats say how it beats and how busy it is."""
        parts = self._parts
        promise = parts.promises.get(agent)
        if promise is None:
            return
        hearing = parts.hearings.get(agent)
        if hearing is None:
            load = Load(now, now, beat.cpu, beat.memory) if beat is not None else Load(now, now, 0.0, 0.0)
            hearing = parts.hearings[agent] = Hearing(now, now, new_rhythm(promise.interval), load)
        elif beat is not None:
            hearing.load.heard(beat.cpu, beat.memory, now, self._settings.window)
            if hearing.beat_at >= (parts.listening or 0.0):
                parts.fleet.add(hearing.rhythm.heard(now - hearing.beat_at))
            hearing.beat_at = now
        hearing.at = now
        if agent in parts.book.standings:
            self.returned[agent] = None
        self.plan(agent)

    def heard_at(self, agent: str) -> float:
        """When it was heard last, or might have been without being heard here."""
        parts = self._parts
        hearing = parts.hearings.get(agent)
        return max(parts.listening or 0.0, parts.promises[agent].since, hearing.at if hearing else 0.0)

    def rhythm(self, agent: str) -> Rhythm:
        hearing = self._parts.hearings.get(agent)
        return hearing.rhythm if hearing else new_rhythm(self._parts.promises[agent].interval)

    def suspect_at(self, agent: str) -> float:
        """When it is suspected if it is not heard."""
        return self.heard_at(agent) + self._patience(agent, self._settings.suspect_phi)

    def lost_at(self, agent: str) -> float:
        """When it is lost if it is not heard."""
        patience = self._patience(agent, self._settings.lost_phi)
        return self.heard_at(agent) + (max(patience, self._settings.hush) if self.is_hushed() else patience)

    def is_hushed(self) -> bool:
        """Whether nobody at all is heard: then it may be the listener's ears."""
        promises, standings = self._parts.promises, self._parts.book.standings
        return FEW <= len(promises) <= len(standings) and promises.keys() <= standings.keys()

    def _patience(self, agent: str, level: float) -> float:
        """Seconds of silence after which it is so sure that it is gone."""
        found = self.rhythm(agent).patience(level, fleet_loss(self._parts.fleet))
        return found if agent in self._parts.hearings else max(found, self._settings.first_beat)

    def plan(self, agent: str) -> None:
        """When to look at the agent again if it is not heard."""
        standing = self._parts.book.standings.get(agent)
        if standing is None:
            at: float | None = self.suspect_at(agent)
        else:
            at = self.lost_at(agent) if standing.lost_at is None else None
        self.rota.set(agent, at)

    # What is done about it

    def held(self, key: HoldKey, until: float | None) -> None:
        """A hold was placed; or lifted, if it has no end any more."""
        self.timers.set(HOLD + ":".join(key), until)

    def saving(self, name: str, recovery: Recovery) -> None:
        """A recovery was started, or has taken a step."""
        for task in tasks_of(name, recovery):
            self._saving[task] = name
        self.timers.set(RECOVERY + name, recovery.next_at)

    def saved(self, name: str, recovery: Recovery) -> None:
        """A recovery has ended."""
        for task in tasks_of(name, recovery):
            if self._saving.get(task) == name:
                del self._saving[task]
        self.moved.pop(name, None)
        self.timers.set(RECOVERY + name, None)

    # Attempts

    def changed(self, task: str) -> None:
        """The task is in other hands than before, or in none."""
        attempt = self._parts.attempts.get(task)
        if self._saving and (name := self._saving.get(task)) is not None:
            self.moved[name] = None
        if attempt is None:
            self.over(task)
            if task in self._parts.rests:
                self.failed[task] = None
            return
        self.given(task)
        if standings := self._parts.book.standings:
            standing = standings.get(attempt.agent)
            if standing is not None and standing.lost_at is not None:
                self.bereft[attempt.agent] = None

    def given(self, task: str) -> None:
        """The task has come into other hands, or its progress was heard."""
        attempt = self._parts.attempts[task]
        if attempt.limit is None:
            self.timers.set(task, None)
            return
        stalled = self._parts.book.stalls.get(task)
        is_stalled = stalled is not None and stalled.attempt == attempt.attempt
        self.timers.set(task, None if is_stalled else self.moved_at(task, attempt) + attempt.limit)

    def over(self, task: str) -> None:
        """Nobody has the task any more."""
        self.timers.set(task, None)
        if task in self._parts.book.stalls:
            self.returned[task] = None

    def moved_at(self, task: str, attempt: Attempt) -> float:
        """When the attempt began, was last heard to get on, or might have been without being heard here."""
        step = self._parts.steps.get(task)
        moved = step.at if step is not None and step.attempt == attempt.attempt else 0.0
        return max(self._parts.listening or 0.0, attempt.since, moved)

    def told(self, agent: str, task: str, progress: Progress, now: float) -> None:
        """An attempt says how far it is. The same fraction and the same note once more is no progress."""
        parts = self._parts
        attempt = parts.attempts.get(task)
        if attempt is None or (attempt.agent, attempt.attempt) != (agent, progress.attempt):
            return
        step = parts.steps.get(task)
        same = step is not None and (step.attempt, step.fraction, step.note) == (
            progress.attempt,
            progress.fraction,
            progress.note,
        )
        if same and progress.fraction is not None:
            return
        parts.steps[task] = Step(progress.attempt, progress.fraction, progress.note, now)
        if task in parts.book.stalls:
            self.returned[task] = None
        self.given(task)


def tasks_of(name: str, recovery: Recovery) -> list[str]:
    """The tasks whose fate says whether a recovery has helped: of those that have failed, what took their places."""
    if recovery.cause != "task_failed":
        return [charge.task for charge in recovery.charges]
    return [
        successor(charge.task, name, number)
        for charge in recovery.charges
        for number in range(1, len(recovery.steps) + 1)
    ]
