"""The load that every peer gets, on a peer that is not there."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.peers.apps.load import Load
from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.environment import HERE, LOCK


class Echo:
    """Does at once what it is told, and counts how many wait."""

    def __init__(self) -> None:
        self.open = self.most = 0

    async def start(self) -> None:
        pass

    async def live(self, body: dict[str, str]) -> object:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return body

    async def stop(self) -> None:
        pass


async def test_the_closed_loop_keeps_its_window():
    echo = Echo()
    load = Load(echo)
    await load.open(7)
    measured = await load.measure(0.01)
    await load.drain()
    assert echo.most == 7
    assert echo.open == 0
    assert measured["lives"] > 0


async def test_the_open_loop_submits_all_and_loses_none():
    measured = await Load(Echo()).rate(1_000, 0.05)
    assert len(measured["latencies"]) == 50
    assert measured["lost"] == 0


async def test_a_fault_of_the_peer_is_not_measured_away():
    class Broken(Echo):
        async def live(self, body: dict[str, str]) -> object:
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await Load(Broken()).open(1)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_has_an_application_and_locked_packages(peer):
    assert (Path(HERE) / "apps" / f"{peer.application}.py").is_file()
    locked = {line.partition("==")[0] for line in LOCK.read_text().splitlines() if "==" in line}
    assert set(peer.packages) <= locked
