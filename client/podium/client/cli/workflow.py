"""`podium workflow`: definitions in files, which need no server to be looked at."""

from __future__ import annotations

import gzip
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Usage, app, guarded, run, start_module, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from podium.contracts.definitions import BadDefinition, Definition

workflow = App(name="workflow", help="Workflows: graphs of steps, their definitions and runs.")
app.command(workflow)


@workflow.command(
    help_epilogue="""\
Examples:
  podium workflow validate paper.yaml
  podium workflow validate paper.yaml --json | jq .faults

Exit codes: 0 it is whole, 1 it is not.""",
)
def validate(file: Path, /, *, json: Json = False) -> int:
    """Look for every fault of a definition; each is told with its line."""
    return guarded(lambda: _validate(file, json))


def _validate(file: Path, json: bool) -> int:
    import msgspec

    from podium.contracts.definitions import BadDefinition

    try:
        definition = read_definition(file)
    except BadDefinition as bad:
        if json:
            print(msgspec.json.encode({"valid": False, "faults": bad.faults}).decode())
        else:
            tell_faults(file, bad)
        return Exit.REFUSED
    if json:
        print(msgspec.json.encode({"valid": True, "id": definition.id, "steps": len(definition.tasks)}).decode())
    else:
        print(f"{definition.id}: {len(definition.tasks)} steps, no fault")
    return Exit.OK


@workflow.command(
    help_epilogue="""\
Example:
  podium workflow schema > podium-workflow.schema.json""",
)
def schema() -> int:
    """Print the JSON Schema of definitions, for editors."""
    import msgspec

    from podium.contracts.definitions import json_schema

    print(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())
    return Exit.OK


@workflow.command(
    help_epilogue="""\
Examples:
  podium workflow graph paper.yaml
  podium workflow graph paper.yaml --svg > paper.svg
  podium workflow graph --run paper-7 --svg > paper-7.svg""",
)
def graph(
    file: Path | None = None,
    /,
    *,
    run_id: Annotated[str | None, Parameter(name="--run", help="a run in the place of a file, with its states")] = None,
    svg: Annotated[bool, Parameter(negative=(), help="a picture; Mermaid text by default")] = False,
    common: Common = Common(),
) -> int:
    """Draw a definition, or a run."""
    from podium.client import _drawing

    from . import workflow_status

    draw = _drawing.svg if svg else _drawing.mermaid
    if run_id is not None:
        return run(workflow_status.draw(run_id, draw, common))

    def offline() -> int:
        if file is None:
            raise Usage("name a file, or a run with --run")
        found = file
        return with_faults(found, lambda: print(draw(read_definition(found)), end=""))

    return guarded(offline)


@workflow.command(
    name="import",
    help_epilogue="""\
Examples:
  podium workflow import montage.json > montage.yaml
  podium workflow import montage.json --skill sleep --faster 1000 > short.yaml""",
)
def import_(file: Path, /, *, id: str | None = None, skill: str | None = None, faster: float = 1.0) -> int:
    """Make a definition of a recording in WfFormat (WfCommons), and print it as JSON, which is YAML too.

    Parameters
    ----------
    id
        of the workflow; after the recording's name by default
    skill
        that each step needs; its input is then how many seconds it took, for an agent that waits so long
    faster
        so many times as fast as it was recorded
    """

    def work() -> int:
        if not 0.0 < faster < float("inf"):
            raise Usage("--faster: more than 0 times")
        return with_faults(file, lambda: _import(file, id, skill, faster))

    return guarded(work)


def _import(file: Path, id: str | None, skill: str | None, faster: float) -> None:
    import msgspec

    from podium.contracts.definitions import read_value, to_json
    from podium.contracts.definitions.wfformat import from_recording

    try:
        value = msgspec.json.decode(content_of(file))
    except msgspec.DecodeError as error:
        raise Usage(f"{file}: it is no JSON: {error}") from error
    recorded = from_recording(value, id, skill=skill, faster=faster)
    print(msgspec.json.format(to_json(read_value(recorded)), indent=1).decode())


@workflow.command(
    help_epilogue="""\
Examples:
  podium workflow simulate paper.yaml --slots 16
  podium workflow simulate montage.json --slots 64 --json | jq .makespan

Exit codes: 0 completed, 1 not, 2 the file is no definition.""",
)
def simulate(file: Path, /, *, slots: int = 4, input: str | None = None, json: Json = False) -> int:
    """Run a definition or a recording by the real rules on a virtual clock.

    Parameters
    ----------
    slots
        agents, each with one slot
    input
        of the run, as JSON
    """
    given = () if input is None else ("--input", input)
    as_json = ("--json",) if json else ()
    return start_module("podium.router.workflows.simulate", str(file), "--slots", str(slots), *given, *as_json)


def content_of(file: Path) -> bytes:
    """A file's bytes, unpacked if they are compressed by gzip.

    Raises:
        Usage
    """
    try:
        content = sys.stdin.buffer.read() if str(file) == "@-" else file.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise Usage(f"{file}: {getattr(error, 'strerror', None) or error}") from error


def read_definition(file: Path) -> Definition:
    """
    Raises:
        BadDefinition
        Usage: there is no such file.
    """
    from podium.contracts.definitions import read_text

    return read_text(content_of(file).decode("utf-8-sig", errors="replace"))


def with_faults(file: Path, work: Callable[[], None]) -> int:
    """Do it; faults of the definition become lines on stderr."""
    from podium.contracts.definitions import BadDefinition

    try:
        work()
    except BadDefinition as bad:
        tell_faults(file, bad)
        return Exit.REFUSED
    return Exit.OK


def tell_faults(file: Path, bad: BadDefinition) -> None:
    """A line on stderr for each."""
    for fault in bad.faults:
        place = f"{file}:{fault.line}:{fault.column}" if fault.line is not None else str(file)
        tell(f"{place}: {fault.path}: {fault.message}")
