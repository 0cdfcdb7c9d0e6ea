"""One run: submit the work, follow what happens, kill an agent half-way, and see that nothing is missing."""

from __future__ import annotations

import asyncio
import random
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from podium.client import Client, OutcomeUnknown, PodiumError, ServiceUnavailable, new_task
from podium.contracts.queries import AgentsAnswer, ListAgents, ListTasks
from podium.contracts.tasks import Retry, SubmitTask

from . import report as reports
from .analysis import SKILLS
from .fleet import CannotStart, Fleet, Podium
from .modules import Module
from .report import Report
from .story import Job
from .survey import survey
from .view import Scene, View

FRAME_SECONDS: Final = 0.25
BEATS_SECONDS: Final = 1.0
START_SECONDS: Final = 60.0
STALL_SECONDS: Final = 60.0
"""A run in which nothing has happened for so long is given up."""

PAGE: Final = 500


def make_jobs(run: str, modules: Sequence[Module]) -> dict[str, Job]:
    """A task for each module and skill. The names begin with the run, so that no other run's tasks are meant."""
    seen: Counter[str] = Counter()
    jobs: dict[str, Job] = {}
    for module in modules:
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", module.name)[-90:]
        seen[stem] += 1
        suffix = f"-{seen[stem]}" if seen[stem] > 1 else ""
        jobs.update({f"{run}-{skill}-{stem}{suffix}": Job(skill, module) for skill in SKILLS})
    return jobs


class Conductor:
    """Args:
    run: the run's name and the principal of its commands.
    kill: whether an agent is to be killed half-way; `seed` decides which.
    """

    def __init__(
        self, run: str, jobs: Mapping[str, Job], podium: Podium, fleet: Fleet, scene: Scene, *, kill: bool, seed: int
    ) -> None:
        self._run = run
        self._jobs = jobs
        self._podium = podium
        self._fleet = fleet
        self._scene = scene
        self._story = scene.story
        self._seconds: dict[str, float] = {}
        self._kill_wanted = kill
        self._random = random.Random(seed)
        self._victim: str | None = None
        self._killed: tuple[str, float, int, int] | None = None

    async def run(self, view: View) -> Report:
        """Everything from the start of podium to the end of the last task; the agents are stopped then.

        Raises:
            CannotStart: podium or an agent did not start, or podium is gone.
        PodiumError: podium does not take the work.
        """
        showing = asyncio.create_task(self._keep_showing(view))
        try:
            await self._start()
            async with Client(self._podium.url, self._run, timeout=START_SECONDS, patience=START_SECONDS) as client:
                await self._until_registered(client)
                following = asyncio.create_task(self._follow(client))
                watching = [following, asyncio.create_task(self._keep_listening(client))]
                try:
                    await self._work(client, following)
                finally:
                    for task in watching:
                        task.cancel()
                    await asyncio.gather(*watching, return_exceptions=True)
                self._scene.doing = "asking the read model"
                agreed = await self._agreed(client)
            self._scene.doing = "stopping the agents"
            await self._fleet.stop()
            self._scene.doing = "done"
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
        return self._report(agreed)

    async def _start(self) -> None:
        self._scene.doing = "starting podium"
        began = time.monotonic()
        try:
            await asyncio.wait_for(self._podium.start(), START_SECONDS)
        except TimeoutError:
            raise CannotStart(f"podium was not ready in {START_SECONDS:g} s: {self._podium.last_words()}") from None
        self._seconds["podium"] = time.monotonic() - began
        self._story.note(time.time(), f"podium is ready at {self._podium.url}")
        self._scene.doing = "starting the agents"
        await self._fleet.start()

    async def _until_registered(self, client: Client) -> None:
        began = time.monotonic()
        while True:
            for agent in self._fleet.agents.values():
                if not agent.is_running:
                    raise CannotStart(f"{agent.name} did not start: {agent.last_words()}")
            answer = await self._agents(client)
            names = {agent.agent_id for agent in answer.agents} if answer is not None else set[str]()
            if names.issuperset(self._fleet.agents):
                break
            if time.monotonic() - began > START_SECONDS:
                raise CannotStart(f"not registered in time: {', '.join(sorted(set(self._fleet.agents) - names))}")
            await asyncio.sleep(FRAME_SECONDS)
        self._seconds["agents"] = time.monotonic() - began
        self._story.note(time.time(), f"{len(self._fleet.agents)} agents are registered")

    async def _agents(self, client: Client) -> AgentsAnswer | None:
        """None while nobody answers: a killed service is on its way back."""
        try:
            return await client.query(ListAgents(limit=PAGE))
        except (PodiumError, TimeoutError):
            return None

    # The work

    async def _work(self, client: Client, following: asyncio.Task[None]) -> None:
        self._scene.doing = "analysing"
        began = time.monotonic()
        tasks = {
            task_id: new_task(
                job.skill,
                job.module,
                skills=[job.skill],
                retry=Retry(max_attempts=20, backoff="fixed", delay=0.1),
            )
            for task_id, job in self._jobs.items()
        }
        await self._submit(client, tasks)
        self._story.note(time.time(), f"{len(tasks):,} tasks are submitted")
        await self._until_closed(following)
        self._seconds["work"] = time.monotonic() - began

    async def _submit(self, client: Client, tasks: Mapping[str, SubmitTask]) -> None:
        """Also while things are being killed: a task that is submitted again with the same content stays as it is."""
        began = time.monotonic()
        while True:
            try:
                await client.submit_many(tasks)
                return
            except (ServiceUnavailable, OutcomeUnknown):
                if time.monotonic() - began > STALL_SECONDS:
                    raise
                await asyncio.sleep(FRAME_SECONDS)

    async def _until_closed(self, following: asyncio.Task[None]) -> None:
        latest, moved = 0.0, time.monotonic()
        while self._story.closed < len(self._jobs):
            await asyncio.sleep(FRAME_SECONDS / 5)
            if self._story.latest != latest:
                latest, moved = self._story.latest, time.monotonic()
            elif time.monotonic() - moved > STALL_SECONDS:
                self._story.note(time.time(), f"nothing has happened for {STALL_SECONDS:g} s: given up")
                return
            if following.done():
                following.result()
            if not self._podium.is_running:
                raise CannotStart(f"podium has ended: {self._podium.last_words()}")

    async def _follow(self, client: Client) -> None:
        """Fold every event of the run; half-way, see to the kill."""
        async for event in client.events(service="router", since=self._scene.began - 1.0):
            self._story.tell(event)
            if self._kill_wanted and self._victim is None and 2 * self._story.closed >= len(self._jobs):
                self._victim = self._choose()
                if self._victim is not None:
                    await self._kill(self._victim)

    def _choose(self) -> str | None:
        """One of the busiest agents whose every skill another one has; None if none of those has work now."""
        holding: dict[str, int] = {}
        for name, role in self._scene.roles.items():
            others = [other for title, other in self._scene.roles.items() if title != name]
            if all(any(skill in other.levels for other in others) for skill in role.levels):
                holding[name] = len(self._story.agent(name).in_hand)
        most = max(holding.values(), default=0)
        return self._random.choice([name for name, count in holding.items() if count == most]) if most else None

    async def _kill(self, name: str) -> None:
        at, held = time.time(), len(self._story.agent(name).in_hand)
        await self._fleet.agents[name].kill()
        self._killed = (name, at, held, self._story.closed)
        self._scene.killed = name
        self._story.note(at, f"SIGKILL to {name}, which had {held} tasks in its hands")

    async def _keep_listening(self, client: Client) -> None:
        while True:
            answer = await self._agents(client)
            if answer is not None:
                self._scene.beats = {of.agent_id: of.beat_at for of in answer.agents if of.beat_at is not None}
            await asyncio.sleep(BEATS_SECONDS)

    async def _keep_showing(self, view: View) -> None:
        while True:
            view.show()
            await asyncio.sleep(FRAME_SECONDS)

    # The end

    async def _agreed(self, client: Client) -> int:
        """How many of the tasks the read model has as completed, once it has read all there is."""
        names: set[str] = set()
        cursor: str | None = None
        began = time.monotonic()
        while True:
            query = ListTasks(
                principal=self._run, phase=["completed"], limit=PAGE, cursor=cursor, fresh=True, wait=10.0
            )
            try:
                answer = await client.query(query)
            except (PodiumError, TimeoutError) as error:
                if time.monotonic() - began > START_SECONDS:
                    self._story.note(time.time(), f"the read model does not answer: {error}")
                    return len(names)
                await asyncio.sleep(FRAME_SECONDS)
                continue
            names.update(task.task_id for task in answer.tasks)
            cursor = answer.next
            if cursor is None:
                return len(names & self._jobs.keys())

    def _report(self, agreed: int) -> Report:
        story = self._story
        found = reports.results(story)
        tally = reports.tally(story, found, agreed)
        everything = (tally.submitted, tally.completed, tally.results, tally.agreed)
        kill = reports.kill_cost(story, *self._killed) if self._killed is not None else None
        shares = reports.shares(story, self._scene.roles, self._scene.killed)
        example = kill.lost[0].task_id if kill is not None and kill.lost else next(iter(self._jobs))
        return Report(
            complete=all(count == len(self._jobs) for count in everything) and tally.twice == 0,
            tally=tally,
            survey=survey((job.module for job in self._jobs.values()), found.values()),
            agents=shares,
            evenness=reports.evenness(shares),
            kill=kill,
            seconds=self._seconds,
            tasks_per_second=tally.completed / self._seconds["work"],
            latencies=reports.latencies(story),
            failed={task_id: task.failure for task_id, task in story.tasks.items() if task.failure is not None},
            restarts=self._podium.said,
            reopen=f"{podium_command()} up --port {self._podium.port} --data {shlex.quote(str(self._podium.data))}",
            ask=asking(self._podium.url, example),
        )


def podium_command() -> str:
    """How `podium` is called from here."""
    script = Path(sys.executable).with_name("podium")
    try:
        return shlex.quote(str(script.relative_to(Path.cwd())))
    except ValueError:
        return shlex.quote(str(script))


def asking(url: str, task_id: str) -> list[str]:
    podium = podium_command()
    return [
        f"export PODIUM_NATS={url}",
        f"{podium} query tasks.why task_id={task_id}",
        f"{podium} history task {task_id}",
        f"{podium} events --entity {task_id} --no-follow",
        f"{podium} query agents.list",
        f"{podium} query system.overview",
    ]
