"""The picture of latency against load, drawn in the peers' environment, which has matplotlib."""

from __future__ import annotations

import asyncio
from pathlib import Path

from .environment import HERE, NotHad, output, python


def draw(results: Path) -> str:
    """Draw the peers' figures of a file of results beside it; says where the picture is, or why there is none."""
    return asyncio.run(_draw(results.resolve()))


async def _draw(results: Path) -> str:
    picture = results.with_suffix(".png")
    try:
        environment = {"PYTHONPATH": str(HERE)}
        await output(str(await python()), "-m", "apps.plot", str(results), str(picture), environment=environment)
    except NotHad as reason:
        return f"No picture: {reason}"
    return f"Latency against load: {picture}"
