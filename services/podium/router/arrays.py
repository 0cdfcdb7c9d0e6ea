"""Arrays with a place for each agent."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

INFINITE: Final = float("inf")
LACKS: Final = -1.0
"""In place of a level or an amount that an agent does not have."""


def longer(old: NDArray[T], size: int, fill: float) -> NDArray[T]:
    """The same with more places."""
    new = np.full(size, fill, old.dtype)
    new[: len(old)] = old
    return new
