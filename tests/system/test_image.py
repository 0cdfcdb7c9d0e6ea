"""The image, as `deploy/compose.yaml` runs it: NATS, PostgreSQL and each service in a container of its own."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from podium.contracts.subjects import Subjects
from podium.kernel.up import PROCESSES

from .one_task import send_one_task

ROOT = Path(__file__).parents[2]
NATS, POSTGRES = "nats:2.15-alpine", "postgres:17-alpine"

# Warnings of the libraries that talk to the engine are not ours to mend.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def engine_fault() -> str | None:
    """Why no container engine answers; None if one does."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.DockerClient.from_env(timeout=5)
        client.ping()
        client.close()
    except DockerException as error:
        return str(error)
    return None


@pytest.fixture
def engine() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a client that reaches nobody leaves its socket open ...
        fault = engine_fault()
        gc.collect()  # ... and must not burden the next test
    if fault is not None:
        pytest.skip(f"no container engine answers: {fault}")


@pytest.fixture
def url(engine: None) -> Iterator[str]:
    """The address of the NATS server in front of everything."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.image import DockerImage
    from testcontainers.core.network import Network

    with ExitStack() as stack:
        image = stack.enter_context(DockerImage(path=ROOT, dockerfile_path="deploy/Containerfile", tag="podium-test"))
        network = stack.enter_context(Network())

        def run(name: str, container: DockerContainer, **settings: str) -> DockerContainer:
            container = container.with_network(network).with_network_aliases(name)
            for variable, value in settings.items():
                container = container.with_env(variable, value)
            return stack.enter_context(container)

        config = (str(ROOT / "deploy" / "nats.conf"), "/etc/nats/podium.conf", "ro")
        server = DockerContainer(NATS, command="--config /etc/nats/podium.conf", volumes=[config]).with_exposed_ports(
            4222
        )
        run("nats", server)
        secret = {"POSTGRES_USER": "podium", "POSTGRES_DB": "podium", "POSTGRES_PASSWORD": "podium"}
        run("postgres", DockerContainer(POSTGRES), **secret)
        restart: dict[str, Any] = {"restart_policy": {"Name": "on-failure", "MaximumRetryCount": 60}}
        for process in PROCESSES:
            service = DockerContainer(
                str(image), command=f"serve {process}", read_only=True, cap_drop=["ALL"], **restart
            )
            run(
                process,
                service,
                PODIUM_NATS="nats://nats:4222",
                PODIUM_DATABASE="postgresql+psycopg://podium:podium@postgres/podium",
            )
        yield f"nats://{server.get_container_host_ip()}:{server.get_exposed_port(4222)}"


async def test_a_task_goes_through_the_containers(url: str):
    answer = await send_one_task(url, Subjects())
    assert answer["task"]["phase"] == "completed"
    assert answer["task"]["output"] == {"x": 1}
