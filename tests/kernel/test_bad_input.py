"""Whatever comes in, the reader answers with a code, a sentence and the place of the fault."""

from __future__ import annotations

import pytest

from podium.contracts.envelope import COMMAND_ID_HEADER
from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Subjects
from podium.kernel.commands import Incoming, check_address, read_body, read_command
from podium.kernel.decider import Request
from tests.bad_input import AGAINST_THE_RULES, BAD_ADDRESSES, BAD_BODIES, GOOD_BODIES, BadAddress, BadInput

SUBJECTS = Subjects()


def incoming(subject: str, body: bytes, fault: Refused | None = None) -> Incoming:
    return Incoming(subject, SUBJECTS.read_command(subject), body, "c1", None, None, None, "", fault)


@pytest.mark.parametrize("bad", BAD_BODIES, ids=lambda bad: bad.id)
def test_bad_bodies_are_refused_with_the_place_of_the_fault(bad: BadInput):
    subject = SUBJECTS.command(bad.service, "ops", bad.entity, bad.command)
    refused = read_command(incoming(subject, bad.body))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.details["path"]) == (bad.code, bad.path)
    assert refused.message.startswith(f"{bad.path}: ")


@pytest.mark.parametrize("bad", BAD_ADDRESSES, ids=lambda bad: bad.id)
def test_bad_addresses_are_refused_before_the_body_is_looked_at(bad: BadAddress):
    refused = read_command(incoming(f"podium.{bad.subject}", b"not JSON"))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.details["path"]) == (bad.code, bad.path)


def test_a_fault_of_the_headers_comes_first():
    fault = Refused("bad_name", "no id", {"path": f"headers.{COMMAND_ID_HEADER}"})
    assert read_command(incoming("podium.cmd.kitchen", b"", fault)) is fault


@pytest.mark.parametrize(("service", "command", "body"), GOOD_BODIES)
def test_what_is_just_within_the_limits_is_read(service, command, body):
    request = read_command(incoming(SUBJECTS.command(service, "ops", "e1", command), body))
    assert isinstance(request, Request)
    assert (request.principal, request.entity) == ("ops", "e1")


@pytest.mark.parametrize("against", AGAINST_THE_RULES, ids=lambda bad: bad.id)
def test_what_the_rules_refuse_can_be_read(against: BadInput):
    assert not isinstance(read_body(against.service, against.command, against.body), Refused)


def test_a_stored_subject_is_the_same_address():
    stored = SUBJECTS.read_command("podium.in.router.3.ops.t1.submit_task")
    assert stored == SUBJECTS.read_command("podium.cmd.router.ops.t1.submit_task")
    assert check_address(stored, "") is None


def test_cases_have_their_own_names():
    names = [bad.id for bad in (*BAD_BODIES, *AGAINST_THE_RULES)] + [bad.id for bad in BAD_ADDRESSES]
    assert len(set(names)) == len(names)
