"""Workflow runs in WfFormat, https://github.com/wfcommons/WfFormat: versions with `specification` and `execution`
(1.5) and those before, whose tasks have everything.

A task's kind is its program, its agent the machine; its sizes are the bytes of its input files and their number. What
is only known afterwards (bytes written, memory, use of the processor) is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from podium.optimizer.durations import Case

from .recording import Done, Recording, Unreadable, usable

Object = Mapping[str, Any]


def read(text: str) -> Recording:
    """Raises: Unreadable"""
    try:
        document: Any = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Unreadable(f"it is no JSON: {error}.") from error
    workflow = _object(_object(document).get("workflow"))
    if not workflow:
        raise Unreadable("it is JSON, but not WfFormat: it has no object workflow.")
    execution, specification = _object(workflow.get("execution")), _object(workflow.get("specification"))
    listed = execution.get("tasks") or workflow.get("tasks") or workflow.get("jobs")
    tasks = _objects(listed)
    if not tasks:
        raise Unreadable("it is WfFormat, but no task in it was executed.")
    plans = {_name(plan): plan for plan in _objects(specification.get("tasks"))}
    files = {
        str(file.get("id") or file.get("name")): _number(file.get("sizeInBytes"))
        for file in _objects(specification.get("files"))
    }
    found: list[tuple[float, Done]] = []
    starts = _Starts(tasks, plans)
    for task in tasks:
        seconds = _seconds(task)
        if seconds is None:
            continue
        case = Case(_kind(task), _machine(task), _sizes(task, plans.get(_name(task), {}), files))
        found.append((starts.of(_name(task)), Done(case, seconds)))
    found.sort(key=lambda pair: pair[0])
    columns = {
        "kind": "program",
        "agent": "machine",
        "sizes": "bytes and number of input files",
        "duration": "runtimeInSeconds",
        "order": "executedAt" if starts.recorded else "the earliest time at which a task's parents were done",
    }
    return Recording("WfFormat", columns, [done for _, done in found], len(tasks) - len(found))


class _Starts:
    """When each task began: as recorded, else when its parents were done if none had to wait for a machine."""

    def __init__(self, tasks: Sequence[Object], plans: Mapping[str, Object]) -> None:
        self._tasks = {_name(task): task for task in tasks}
        self._plans = plans
        times = {name: _time(task.get("executedAt")) for name, task in self._tasks.items()}
        self.recorded = all(time is not None for time in times.values())
        self._starts = {name: time or 0.0 for name, time in times.items()} if self.recorded else self._earliest()

    def of(self, name: str) -> float:
        return self._starts[name]

    def _earliest(self) -> dict[str, float]:
        """By Kahn's algorithm; what stands in a circle begins at 0."""
        parents = {name: [p for p in self._parents(name) if p in self._tasks] for name in self._tasks}
        children: dict[str, list[str]] = {name: [] for name in self._tasks}
        for name, above in parents.items():
            for parent in above:
                children[parent].append(name)
        missing = {name: len(above) for name, above in parents.items()}
        starts = dict.fromkeys(self._tasks, 0.0)
        ready = [name for name, count in missing.items() if not count]
        for name in ready:
            end = starts[name] + (_seconds(self._tasks[name]) or 0.0)
            for child in children[name]:
                starts[child] = max(starts[child], end)
                missing[child] -= 1
                if not missing[child]:
                    ready.append(child)
        return starts

    def _parents(self, name: str) -> list[str]:
        task = self._plans.get(name) or self._tasks[name]
        return [str(parent) for parent in _list(task.get("parents"))]


def _seconds(task: Object) -> float | None:
    seconds = _number(task.get("runtimeInSeconds", task.get("runtime")))
    return seconds if seconds is not None and usable(seconds) else None


def _kind(task: Object) -> str:
    """Its program; else its category, or its name without the number at its end."""
    program = _object(task.get("command")).get("program") or task.get("category")
    return str(program) if program else _name(task).rstrip("0123456789").rstrip("_-") or "task"


def _machine(task: Object) -> str:
    machines = _list(task.get("machines"))
    return str(machines[0] if machines else task.get("machine") or "unknown")


def _sizes(task: Object, plan: Object, files: Mapping[str, float | None]) -> tuple[float, float]:
    if "inputFiles" in plan:
        sizes = [files.get(str(name)) or 0.0 for name in _list(plan["inputFiles"])]
    else:
        inputs = [file for file in _objects(task.get("files")) if file.get("link") == "input"]
        sizes = [_number(file.get("sizeInBytes", file.get("size"))) or 0.0 for file in inputs]
    return max(0.0, sum(sizes)), float(len(sizes))


def _name(task: Object) -> str:
    return str(task.get("id") or task.get("name"))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(value: object) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _object(value: object) -> Object:
    return cast(Object, value) if isinstance(value, dict) else {}


def _objects(value: object) -> list[Object]:
    return [_object(entry) for entry in _list(value)]


def _list(value: object) -> list[Any]:
    return list(cast(Iterable[Any], value)) if isinstance(value, list) else []
