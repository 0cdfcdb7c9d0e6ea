"""The pictures of a run, drawn in the peers' environment, which has matplotlib."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from .environment import HERE, output, python

PICTURES: Final = {"latency": "Latency against load", "processor": "Where the processor's time goes"}
"""Module in `apps` → the title of what it draws."""


def draw(results: Path) -> dict[str, Path]:
    """Draw the peers' figures of a file of results; title → picture, beside that file.

    Raises:
        NotHad: there is no environment to draw in.
    """
    return asyncio.run(_draw(results.resolve()))


async def _draw(results: Path) -> dict[str, Path]:
    interpreter = str(await python())
    drawn: dict[str, Path] = {}
    for module, title in PICTURES.items():
        picture = results.with_name(f"{results.stem}-{module}.png")
        environment = {"PYTHONPATH": str(HERE)}
        await output(interpreter, "-m", f"apps.{module}", str(results), str(picture), environment=environment)
        drawn[title] = picture
    return drawn
