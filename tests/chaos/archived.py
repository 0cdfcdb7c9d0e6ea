"""Archives and cuts by the program itself: what went wrong with them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.fault import Fault, Harm

KEPT_AT_THE_END = 20
"""Events of each stream: all others are read from the archive by what looks at the logs after that."""

KEPT_MEANWHILE = 200


async def cut_at_the_end(environment: Mapping[str, str], directory: Path) -> list[str]:
    """When nothing harms it any more, everything is archived, proved and cut."""
    for arguments in (("run", str(directory)), ("cut", str(directory), "--keep", str(KEPT_AT_THE_END))):
        code, said = await _archive(environment, *arguments)
        if code != 0:
            return [f"archive {arguments[0]}: {said}"]
    code, said = await _archive(environment, "verify", str(directory))
    return [] if code == 0 else [f"archive verify: {said}"]


async def cut_meanwhile(harm: Harm) -> str:
    """Somebody cuts what is archived while everything happens; that it is refused then is no fault."""
    directory = harm.system.directory / "archive"
    code, said = await _archive(harm.system.environment, "run", str(directory))
    if code == 0:
        code, said = await _archive(harm.system.environment, "cut", str(directory), "--keep", str(KEPT_MEANWHILE))
    return f"{said.splitlines()[-1] if said else 'nothing was said'} ({code})"


async def _archive(environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Exit code, and what was said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.keeper.main", "archive", *arguments),
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode().strip()


CUT = "cut the streams"
FAULTS = (Fault(CUT, "streams", 1, cut_meanwhile),)
