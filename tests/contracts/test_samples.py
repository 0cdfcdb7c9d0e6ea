"""Every event type ever published has a sample in `samples/`, and can be read for ever.

`samples/SHA256SUMS` says that a sample is published. A line of it never changes: an event type that
must change becomes a new version with a sample and a line of its own (`sha256sum *.json > SHA256SUMS`).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from podium.contracts.catalogue import EVENTS, UPCASTERS, decode_data, decode_envelope, event_type

SAMPLES = {path.stem: path for path in sorted((Path(__file__).parent / "samples").glob("*.json"))}
SUMS = (Path(__file__).parent / "samples" / "SHA256SUMS").read_text()
PUBLISHED = {name: digest for digest, name in (line.split() for line in SUMS.splitlines())}


def test_there_is_a_sample_of_every_type_and_of_no_other():
    assert set(SAMPLES) == set(EVENTS)


def test_published_samples_are_what_they_were():
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in SAMPLES.values()} == PUBLISHED


@pytest.mark.parametrize("type", SAMPLES)
def test_a_sample_decodes_and_is_written_the_same(type):
    payload = SAMPLES[type].read_bytes()
    envelope = decode_envelope(payload)
    assert envelope.type == type
    assert json.loads(msgspec.json.encode(envelope)) == json.loads(payload)
    data = msgspec.json.decode(envelope.data, type=EVENTS[type])
    assert event_type(data) == type
    assert json.loads(msgspec.json.encode(data)) == json.loads(payload)["data"]


@pytest.mark.parametrize("type", SAMPLES)
def test_a_sample_is_read_as_the_newest_version(type):
    data = decode_data(decode_envelope(SAMPLES[type].read_bytes()))
    assert data is not None
    assert event_type(data) not in UPCASTERS


ADDED = {
    "podium.task_assigned.v1": {"progress_within", "heartbeat_within", "process"},
    "podium.task_completed.v1": {"learned", "fallback"},
    "podium.plan_defined.v1": {"codes", "attempts"},
    "podium.attempt_failed.v1": {"learned"},
    "podium.predictions_published.v1": {"attempts", "cases"},
    "podium.hook_defined.v1": {"of"},
    "podium.insight_found.v1": {"skill"},
    "podium.advice_applied.v1": {"finding"},
    "podium.effect_measured.v1": {"waiting", "waiting_low", "waiting_high"},
    "podium.contract_awarded.v1": {"task"},
    "podium.team_formed.v1": {"pairs"},
    "podium.task_submitted.v1": {"data_subject", "replaces"},
}
"""type → fields that were added, with a default, after its sample was published."""


@pytest.mark.parametrize("type", SAMPLES)
def test_a_sample_gives_every_field(type):
    """Else a field could lose its meaning unseen."""
    given = json.loads(SAMPLES[type].read_bytes())["data"]
    assert set(given) == {"event", *EVENTS[type].__struct_encode_fields__} - ADDED.get(type, set())


def test_a_type_from_the_future_is_no_fault():
    payload = json.loads(SAMPLES["podium.task_started.v1"].read_bytes()) | {"type": "podium.task_started.v9"}
    assert decode_data(decode_envelope(json.dumps(payload).encode())) is None


def test_a_field_from_the_future_is_passed_over():
    payload = json.loads(SAMPLES["podium.task_started.v1"].read_bytes())
    payload["data"]["mood"] = payload["mood"] = "good"
    assert decode_data(decode_envelope(json.dumps(payload).encode())) is not None
