"""Recordings of workflows in WfFormat, the format of WfCommons, as definitions.

Versions differ: tasks stand under `specification` (1.5), or directly under `workflow` as `tasks` (1.3, 1.4) or `jobs`
(before); parents and children are named by id or by name, sometimes only one of the two; times are under `execution`
or at the task, as `runtimeInSeconds` or `runtime`. Source: github.com/wfcommons/WfFormat.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, cast

from podium.contracts.expressions.values import is_list, is_map

from .faults import BadDefinition, Fault

RUNTIME: Final = "runtime_seconds"
"""Where in a step's metadata the recorded time stands."""

LEAST: Final = 0.001
"""Seconds that are expected of what took none."""

_LONGEST: Final = 64
_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]+")
_TIMES: Final = ("runtimeInSeconds", "runtime", "runtime_in_seconds")


def is_recording(value: Any) -> bool:
    """Whether it looks like one."""
    workflow = value.get("workflow") if is_map(value) else None
    return is_map(workflow) and any(is_map(workflow.get(k)) or is_list(workflow.get(k)) for k in _PLACES)


_PLACES: Final = ("specification", "tasks", "jobs")


def from_recording(
    value: Any, id: str | None = None, *, skill: str | None = None, faster: float = 1.0
) -> dict[str, Any]:
    """What a definition's JSON holds.

    Args:
        id: the workflow's, by default after the recording's name.
        skill: what each step needs; its input is then how many seconds it took, for an agent that waits so long.
        faster: how many times as fast as it was recorded.

    Raises:
        BadDefinition
    """
    if not is_recording(value):
        raise BadDefinition([Fault("$.workflow", "it is no recording in WfFormat: there are no tasks")])
    path, tasks = _tasks(value["workflow"])
    if not tasks:
        raise BadDefinition([Fault(path, "there are no tasks")])
    names = _Names()
    for task in tasks:
        names.add(task)
    parents = _parents(tasks, names)
    times, programs = _executed(value["workflow"])
    steps: list[dict[str, Any]] = []
    for name, task in names.tasks.items():
        keys = [key for key in (task.get("id"), task.get("name")) if isinstance(key, str)]
        seconds = next((times[key] for key in keys if key in times), _seconds(task) or 0.0) / faster
        program = next((programs[key] for key in keys if key in programs), None) or _program(task) or "task"
        step = {"id": name, "kind": _clean(program, 128), "dependencies": parents[name], "metadata": {RUNTIME: seconds}}
        work = {} if skill is None else {"skills": [skill], "input": seconds}
        steps.append(step | work | {"estimated_duration": seconds or LEAST})
    title = str(value.get("name") or "recording")
    return {
        "id": id or _clean(title, 128),
        "name": title[:4096],
        "description": str(value.get("description") or "")[:4096] or None,
        "limits": {"max_tasks": max(10_000, len(steps))},
        "tasks": steps,
        # The outputs of the last steps may be many; a recording has none.
        "output": {"steps": len(steps)},
    }


class _Names:
    """Steps' ids for tasks: what may not stand in one is replaced, and no two are the same.

    Attributes:
        tasks: step → task.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, Mapping[str, Any]] = {}
        self._by_id: dict[str, str] = {}
        self._by_name: dict[str, str] = {}

    def add(self, task: Mapping[str, Any]) -> None:
        id, name = task.get("id"), task.get("name")
        key = str(id if id is not None else name)
        if id is not None and key in self._by_id:
            return
        step = _clean(key, _LONGEST)
        while step in self.tasks:
            step = _clean(f"{step[: _LONGEST - 8]}-{len(self.tasks)}", _LONGEST)
        self.tasks[step] = task
        if id is not None:
            self._by_id[key] = step
        if name is not None:
            self._by_name.setdefault(str(name), step)

    def find(self, key: Any) -> str | None:
        """The step of a task that another one names, or nothing if it is not in the recording."""
        return self._by_id.get(str(key)) or self._by_name.get(str(key))


def _tasks(workflow: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    specification = workflow.get("specification")
    for place, holder in (("$.workflow.specification", specification), ("$.workflow", workflow)):
        for key in ("tasks", "jobs"):
            found = holder.get(key) if is_map(holder) else None
            if is_list(found):
                return f"{place}.{key}", [task for task in found if is_map(task)]
    return "$.workflow.specification.tasks", []


def _parents(tasks: list[Mapping[str, Any]], names: _Names) -> dict[str, list[str]]:
    """Step → the steps that it waits for, as parents or children tell."""
    found: dict[str, dict[str, None]] = {name: {} for name in names.tasks}
    for task in tasks:
        name = names.find(task.get("id")) or names.find(task.get("name"))
        if name is None:
            continue
        for other in _listed(task, "parents"):
            if (parent := names.find(other)) is not None:
                found[name][parent] = None
        for other in _listed(task, "children"):
            if (child := names.find(other)) is not None:
                found[child][name] = None
    return {name: [parent for parent in parents if parent != name] for name, parents in found.items()}


def _listed(task: Mapping[str, Any], key: str) -> Iterator[Any]:
    """Names in a list, of which some versions make objects."""
    found = task.get(key)
    for other in found if is_list(found) else ():
        yield (other.get("id") or other.get("name")) if is_map(other) else other


def _executed(workflow: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """Times and programs of the tasks that were executed, by id or name; of one that was repeated, the last."""
    execution = workflow.get("execution")
    found = execution.get("tasks") if is_map(execution) else None
    times: dict[str, float] = {}
    programs: dict[str, str] = {}
    for task in found if is_list(found) else ():
        if not is_map(task):
            continue
        seconds, program = _seconds(task), _program(task)
        for key in (task.get("id"), task.get("name")):
            if isinstance(key, str):
                if seconds is not None:
                    times[key] = seconds
                if program is not None:
                    programs[key] = program
    return times, programs


def _seconds(task: Mapping[str, Any]) -> float | None:
    for key in _TIMES:
        value = task.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return max(0.0, float(value))
    return None


def _program(task: Mapping[str, Any]) -> str | None:
    command = task.get("command")
    program = cast("Any", command.get("program")) if is_map(command) else None
    return program if isinstance(program, str) and program else None


def _clean(text: str, longest: int) -> str:
    """A name as like the text as may be; what is cut off is told by a digest."""
    name = _OTHER.sub("_", text).strip("_") or "x"
    if len(name) <= longest:
        return name
    return f"{name[: longest - 9]}-{blake2b(text.encode(), digest_size=4).hexdigest()}"
