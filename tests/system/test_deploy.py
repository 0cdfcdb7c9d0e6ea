"""What `deploy/` says, held against the program; no container engine is needed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from pydantic_settings import BaseSettings

from podium.keeper import settings as keeper_settings
from podium.kernel import settings as kernel_settings
from podium.kernel.embedded import MAX_PAYLOAD, server_binary
from podium.kernel.up import PROCESSES
from podium.projections import settings as projections_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
SETTINGS: list[type[BaseSettings]] = [kernel_settings.Settings, projections_settings.Settings, keeper_settings.Settings]


def test_the_server_can_read_its_configuration():
    done = subprocess.run(
        [server_binary(), "-t", "-c", DEPLOY / "nats.conf"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_server_syncs_and_takes_what_the_embedded_one_takes():
    config = (DEPLOY / "nats.conf").read_text()
    assert "sync_interval: always" in config
    assert f"max_payload: {MAX_PAYLOAD // 1024 // 1024}MB" in config


def test_every_process_has_a_container():
    assert set(re.findall(r"command: \[serve, (\w+)\]", COMPOSE)) == set(PROCESSES)


def test_every_variable_that_is_named_exists():
    known = {f"PODIUM_{field.upper()}" for settings in SETTINGS for field in settings.model_fields}
    texts = [COMPOSE, (DEPLOY / "podium.env.sample").read_text(), (DEPLOY / "Containerfile").read_text()]
    named = {name for text in texts for name in re.findall(r"\bPODIUM_\w+", text)}
    assert named - {"PODIUM_PORT"} <= known


def test_ports_are_published_on_the_loopback_address_only():
    published = re.findall(r"ports: \[(.*)\]", COMPOSE)
    assert published
    assert all(port.startswith('"127.0.0.1:') for port in published)


def test_the_image_takes_what_the_wheel_needs():
    kept = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert {name for line in copied for name in line.split()} == set(kept)
