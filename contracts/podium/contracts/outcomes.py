"""What became of a command."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

RefusalCode = Literal[
    # what could not be read
    "not_json",
    "invalid",
    "too_large",
    "too_deep",
    "bad_name",
    "bad_subject",
    "unknown_service",
    "unknown_command",
    "not_sealed",
    # registry
    "agent_exists",
    "unknown_agent",
    "agent_type_exists",
    "unknown_agent_type",
    "agent_type_in_use",
    # router
    "task_exists",
    "unknown_task",
    "stale_attempt",
    "not_your_task",
    "task_closed",
    "deadline_in_the_past",
    "bad_schema",
    "input_does_not_fit",
    "queue_full",
    "quota_exceeded",
    "bad_definition",
    "unknown_workflow",
    "run_exists",
    "unknown_run",
    "run_open",
    "run_closed",
    "unknown_step",
    "not_allowed",
    "not_waiting",
    "cannot_migrate",
    "bad_timing",
    "unknown_schedule",
    "stopped",
    # health
    "bad_scope",
    "unknown_plan",
    "bad_plan",
    "unknown_channel",
    "unknown_alert",
    "bad_pool",
    "unknown_pool",
    # collaboration
    "session_exists",
    "unknown_session",
    "session_closed",
    "session_full",
    "participant_exists",
    "unknown_participant",
    "bad_condition",
    "bad_receiver",
    "unknown_group",
    "too_many_receivers",
    "mailbox_full",
    "not_your_mailbox",
    "team_exists",
    "unknown_team",
    "no_team",
    "team_plan_exists",
    "unknown_team_plan",
    "team_plan_closed",
    # shared documents
    "document_exists",
    "unknown_document",
    "document_closed",
    "document_full",
    "document_too_large",
    "bad_update",
    "edits_missing",
    "bad_path",
    "unknown_revision",
    "not_permitted",
    "ballot_exists",
    "unknown_ballot",
    "ballot_closed",
    "ballot_full",
    "bad_ballot",
    "bad_paper",
    "not_a_voter",
    "no_ballot_key",
    "proposal_exists",
    "unknown_proposal",
    "proposal_closed",
    "bad_proposal",
    "not_a_member",
    "negotiation_exists",
    "unknown_negotiation",
    "negotiation_closed",
    "bad_negotiation",
    "not_a_party",
    "not_your_turn",
    "no_offer",
    "bad_offer",
    "unknown_resource",
    "beyond_capacity",
    "bad_opposition",
    "unknown_conflict",
    "conflict_open",
    "conflict_resolved",
    "no_appeal",
    "tender_exists",
    "unknown_tender",
    "tender_closed",
    "bad_tender",
    "no_bid",
    # every service
    "policy_exists",
    "unknown_policy",
    "unknown_insight",
    "no_advice",
    "trial_under_way",
    "already_in_force",
    "out_of_use",
    "overloaded",
    "internal",
]
"""Every code that a refusal may carry; a misspelt one fails the type check."""


class Refused(Struct, frozen=True):
    """A rule's answer to what it will not do: a code for programs, a sentence for people.

    `details` holds JSON values; where the fault has a place, `details["path"]` names it (`$.skills[0]`).
    """

    code: RefusalCode
    message: str
    details: dict[str, Any] = {}


class EventRef(Struct, frozen=True, gc=False):
    """One event that a command led to."""

    type: str
    subject: str


class AcceptedOutcome(Struct, frozen=True, gc=False, tag_field="outcome", tag="accepted"):
    """The command is done and on disk.

    Attributes:
        sequence: of the last event that it led to. If all was so already that is the `command_accepted`
            which says so, and `events` is empty.
    """

    command_id: str
    stream: str
    sequence: int
    events: list[EventRef]


class RefusedOutcome(Struct, frozen=True, tag_field="outcome", tag="refused"):
    """The command changed nothing. `code` is a `RefusalCode`, or one that a newer service has."""

    command_id: str
    code: str
    message: str
    details: dict[str, Any] = {}


Outcome = AcceptedOutcome | RefusedOutcome


class Refusal(Struct, frozen=True):
    """A refused command as the refusals' stream keeps it: the outcome, and the command as it came.

    `body` is the text of the command's body, cut after 16 KiB; what is not UTF-8 in it is replaced. It is empty for
    a command that is private, such as `cast_vote`.
    """

    outcome: RefusedOutcome
    subject: str
    body: str
