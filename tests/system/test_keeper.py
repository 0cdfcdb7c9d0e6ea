"""`podium audit export`, `verify` and `key` on a system that runs."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec import Raw

from podium.client import Client, CommandRefused, new_task
from podium.contracts.audit_queries import ListCommands
from podium.contracts.tasks import CancelTask
from tests.podium_system import Podium

REFUSED = [
    ("cancel_task", "unknown_task"),
    ("submit_task", "not_json"),
    ("submit_task", "invalid"),
    ("explode", "unknown_command"),
]


async def audit(podium: Podium, *arguments: str) -> tuple[int, str]:
    """Exit code and output of `podium audit`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.client.cli", "audit", *arguments),
        env=podium.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.asyncio(loop_scope="session")
async def test_an_export_of_what_happened_is_proof_of_it(shared_podium: Podium, tmp_path: Path):
    task, exported, public = f"task-{uuid4().hex[:8]}", tmp_path / "all.jsonl", tmp_path / "audit.pub"
    async with Client(shared_podium.url, "ada") as ada:
        await ada.send("router", task, new_task("sing", 1, skills=["nobody-has-it"]))
        await ada.cancel(task)
        for command in (CancelTask(), ("submit_task", Raw(b"{")), ("submit_task", {"kind": 1}), ("explode", {})):
            with pytest.raises(CommandRefused):
                await ada.send("router", f"{task}-other", command)
        rows = (await ada.query(ListCommands(entity=f"{task}-other", fresh=True, wait=60))).commands
    assert [(row.principal, row.command, row.code) for row in reversed(rows)] == [
        ("ada", command, code) for command, code in REFUSED
    ]
    code, key = await audit(shared_podium, "key")
    public.write_text(key)
    assert code == 0
    assert (await audit(shared_podium, "export", "--output", str(exported)))[0] == 0
    lines = [json.loads(line) for line in exported.read_text().splitlines()]
    asked = [line for line in lines if line.get("principal") == "ada" and task in line["entity"]]
    assert [(line["command"], line["outcome"], line.get("code")) for line in asked] == [
        ("submit_task", "accepted", None),
        ("cancel_task", "accepted", None),
        *((command, "refused", code) for command, code in REFUSED),
    ]

    code, said = await audit(shared_podium, "verify", str(exported), "--key", str(public), "--json")
    verdict = json.loads(said)
    assert code == 0, verdict
    assert verdict["proven"]["podium-events-router"][1] >= asked[-1]["sequence"]

    place = next(number for number, line in enumerate(lines, 1) if line is asked[1])
    asked[1]["command"] = "pause_task"
    exported.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    code, said = await audit(shared_podium, "verify", str(exported), "--key", str(public), "--json")
    fault = json.loads(said)["fault"]
    assert code == 1
    assert (fault["line"], fault["sequence"]) == (place, asked[1]["sequence"])
