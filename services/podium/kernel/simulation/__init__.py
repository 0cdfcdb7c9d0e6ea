"""Whole histories from one seed: the real owner loop on the memory log, a virtual clock, and faults.

Everything that happens between two awaits of the loop happens at once; at every await the scheduler
may run someone else, let time pass, lose, double or delay what is on its way, or crash the process.
The same seed gives the same history.
"""

from .service import SimulatedService
from .world import Faults, World

__all__ = ["Faults", "SimulatedService", "World"]
