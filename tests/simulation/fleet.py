"""A small fleet in a simulated world: clients that send, agents that work, and what must hold afterwards."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from podium.audit.finding import Finding
from podium.audit.heard import Journal, Sent
from podium.audit.logs import Logs
from podium.contracts.catalogue import decode_data
from podium.contracts.envelope import Beat, Envelope
from podium.contracts.outcomes import AcceptedOutcome, Outcome
from podium.contracts.subjects import Service
from podium.contracts.tasks import CLOSING, TaskAssigned
from podium.kernel.ports import Signal
from podium.kernel.simulation import SimulatedService, World
from podium.registry.service import decider as registry_decider
from podium.router.service import decider as router_decider

AGENTS = {"a1": ["parse"], "a2": ["parse", "lint"], "a3": ["lint"]}
RESEND_SECONDS = 2.0


class Fleet:
    """Services, clients and agents of one world.

    Attributes:
        outcomes: what was heard of each command, in the order in which it was heard.
    """

    def __init__(self, world: World, tasks: int = 10) -> None:
        self.world = world
        self.tasks = tasks
        self.outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self.sent: dict[str, tuple[Service, str]] = {}
        self.services: dict[Service, SimulatedService] = {
            "registry": SimulatedService(world, registry_decider, self._heard),
            "router": SimulatedService(world, router_decider, self._heard),
        }
        self._open = 0
        self._spawn(self._register())
        self._spawn(self._submit())
        for agent in AGENTS:
            world.spawn(agent, self._work(agent))
            world.spawn(f"{agent} beats", self._beat(agent))

    def run(self) -> None:
        """Everything with faults, then without, until nothing is left to do."""
        world = self.world
        end = world.now() + 120
        world.run(lambda: self._open == 0 or world.now() > end)
        world.calm()
        for service in self.services.values():
            service.calm()
        world.run(lambda: self._open == 0 and self._all_closed())
        # An idle owner need not know what a rival wrote before; the next command makes it look.
        self._spawn(self._ask_once_more())
        world.run(lambda: self._open == 0 and self._all_caught_up())

    # Who does what

    def _spawn(self, script: Any) -> None:
        self._open += 1

        async def counted() -> None:
            await script
            self._open -= 1

        self.world.spawn("client", counted())

    async def _register(self) -> None:
        for agent, skills in AGENTS.items():
            profile = {"skills": dict.fromkeys(skills, 0.8), "slots": 2, "heartbeat": 1.0}
            await self.send("registry", "ops", agent, "register_agent", profile)
        await self.send("registry", "ops", "a1", "update_agent", {"slots": 1})
        await self.send("registry", "ops", "a9", "update_agent", {"slots": 1})

    async def _ask_once_more(self) -> None:
        await self.send("registry", "ops", "a0", "unregister_agent", {})
        await self.send("router", "ops", "t-none", "cancel_task", {})

    async def _submit(self) -> None:
        random = self.world.random
        for number in range(self.tasks):
            task = f"t{number}"
            spec: dict[str, Any] = {
                "kind": "k",
                "skills": random.choice([["parse"], ["lint"], ["parse", "lint"]]),
                "priority": random.randrange(10),
                "retry": {"max_attempts": 5, "delay": 0.5},
                "timeouts": {"start": 5, "finish": 10, "heartbeat": 5},
            }
            self._spawn(self._live(task, spec))
            await self.world.pause(random.random())

    async def _live(self, task: str, spec: dict[str, Any]) -> None:
        random = self.world.random
        if random.random() < 0.2:
            tasks = [{"task_id": task, "task": spec}]
            await self.send("router", "ops", f"batch-{task}", "submit_tasks", {"tasks": tasks})
        else:
            await self.send("router", "ops", task, "submit_task", spec)
        chance = random.random()
        if chance < 0.15:
            await self.send("router", "ops", task, "cancel_task", {"reason": "changed my mind"})
        elif chance < 0.4:
            await self.send("router", "ops", task, "pause_task", {})
            await self.world.pause(random.random() * 3)
            await self.send("router", "ops", task, "resume_task", {})

    async def _work(self, agent: str) -> None:
        """Take what is addressed to the agent, do it well, badly, or not at all."""
        world = self.world
        stream = world.streams.stream(world.subjects.event_stream("router"))
        seen = 0

        def is_new() -> bool:
            return len(stream) > seen

        while True:
            for stored in stream[seen:]:
                address = world.subjects.read_event(stored.subject)
                if address and address.audience == agent and address.event == "task_assigned":
                    envelope = msgspec.json.decode(stored.payload, type=Envelope)
                    event = decode_data(envelope)
                    assert isinstance(event, TaskAssigned)
                    world.spawn("attempt", self._attempt(agent, envelope.subject, event.attempt))
            seen = len(stream)
            await world.until(is_new)

    async def _attempt(self, agent: str, task: str, attempt: int) -> None:
        world = self.world
        chance = world.random.random() if world.faults.crash else 1.0
        if chance < 0.1:
            return
        await self.send("router", agent, task, "start_task", {"attempt": attempt})
        await world.pause(world.random.random() * 3)
        if chance < 0.2:
            return
        if chance < 0.35:
            report = {"attempt": attempt, "code": "bad_luck", "retryable": True}
            await self.send("router", agent, task, "fail_task", report)
        elif chance < 0.6:
            command = {"command": "complete_task", "attempt": attempt, "output": {"by": agent}}
            await self.send("router", agent, agent, "report_tasks", {"reports": [{"task_id": task, "report": command}]})
        else:
            await self.send("router", agent, task, "complete_task", {"attempt": attempt, "output": {"by": agent}})

    async def _beat(self, agent: str) -> None:
        world = self.world
        while True:
            for _, inbox in self.services["router"].owners:
                inbox.hear(Signal((agent,), Beat(cpu=world.random.random(), memory=0.5)))
            await world.pause(1.0)
            if world.happens(world.faults.crash):
                await world.pause(world.random.random() * 20)

    async def send(self, service: Service, principal: str, entity: str, command: str, body: object) -> Outcome:
        """Send until an outcome is heard, always with the same id."""
        command_id = f"c{len(self.sent) + 1}"
        self.sent[command_id] = (service, command)
        while not self.outcomes[command_id]:
            self.services[service].send(principal, entity, command, msgspec.json.encode(body), command_id)
            await self.world.until(lambda: bool(self.outcomes[command_id]), self.world.now() + RESEND_SECONDS)
        return self.outcomes[command_id][0]

    def _heard(self, command_id: str, outcome: Outcome) -> None:
        self.outcomes[command_id].append(outcome)

    # When it is over

    def _all_closed(self) -> bool:
        closed = {e.subject for _, e in self.world.events("router") if isinstance(decode_data(e), CLOSING)}
        return len(closed) == self.tasks and all(self.outcomes[command] for command in self.sent)

    def _all_caught_up(self) -> bool:
        for name, service in self.services.items():
            last = len(self.world.streams.stream(self.world.subjects.event_stream(name)))
            active = [owner for owner, inbox in service.owners if inbox is service.queue.holder]
            if not active or any(o.partition is None or o.partition.position < last for o in active):
                return False
        return True

    # What must hold

    def verify(self) -> None:
        self._verify_logs()
        self._verify_states()

    def journal(self) -> Journal:
        """What the clients heard: of one command always the same."""
        journal: Journal = {}
        for command_id, (service, _) in self.sent.items():
            first, *others = self.outcomes[command_id]
            assert all(outcome == first for outcome in others), f"{command_id}: {first} and {others}"
            if isinstance(first, AcceptedOutcome):
                sent = Sent(command_id, service, "accepted", first.sequence, first.events)
            else:
                sent = Sent(command_id, service, "refused")
            journal[service, command_id] = sent
        return journal

    def _verify_logs(self) -> None:
        """What an audit looks for in the logs of any system is not in these."""
        rules, found = Logs(self.world.subjects, self.journal()), list[Finding]()
        for service in self.services:
            found += rules.add(service, self.world.streams.stream(self.world.subjects.event_stream(service)))
        assert [*found, *rules.end()] == []

    def _verify_states(self) -> None:
        """What the owner holds is what the log gives."""
        for service in self.services.values():
            rebuilt = service.rebuilt()
            dump = rebuilt.decider.dump(rebuilt.state)
            for owner, inbox in service.owners:
                if inbox is service.queue.holder and owner.partition is not None:
                    assert owner.partition.position == rebuilt.position
                    assert owner.partition.count == rebuilt.count
                    assert owner.partition.decider.dump(owner.partition.state) == dump
