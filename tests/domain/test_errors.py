"""Refusals and the closed lists of reasons, held against the protocol."""

from collections.abc import Iterator, Mapping

import pytest

from mjgate.domain import errors
from mjgate.domain.errors import GatewayError, NotSent, Refused, Rejected, Unanswered, UpstreamError
from mjgate.domain.reasons import FailReason, Reason, Verdict

REASONS = """
bad_json, missing_field, bad_field, bad_image, bad_address, parent_not_found, parent_not_finished,
parent_channel_gone, parent_gone_upstream, unsupported, multiple_jobs, loop, banned_word,
queue_full, no_channel, upstream_refused, quota_not_enough, bad_key, key_disabled, ip_not_allowed,
action_not_allowed, mode_not_allowed, not_found, method_not_allowed, too_large, media_type,
rate_limited, idempotency_running, idempotency_mismatch, already_finished, bad_host, overloaded,
internal
"""

FAIL_REASONS = """
cancelled, modal_expired, queue_timeout, deadline_no_progress, deadline_total, orphan, moderated,
upstream_failed, upstream_conflict, channel_gone, no_channel, admin, banned_word, bad_image,
parent_gone_upstream, upstream_refused
"""

# reason -> code, HTTP status; every other reason is code 4 under 200
ANSWERS: Mapping[str, tuple[int, int]] = {
    "queue_full": (23, 200),
    "banned_word": (24, 200),
    "no_channel": (3, 200),
    "upstream_refused": (9, 200),
    "bad_json": (4, 400),
    "bad_key": (4, 401),
    "quota_not_enough": (4, 402),
    "key_disabled": (4, 403),
    "ip_not_allowed": (4, 403),
    "action_not_allowed": (4, 403),
    "mode_not_allowed": (4, 403),
    "not_found": (4, 404),
    "method_not_allowed": (4, 405),
    "idempotency_running": (4, 409),
    "idempotency_mismatch": (4, 422),
    "too_large": (4, 413),
    "media_type": (4, 415),
    "bad_host": (4, 421),
    "rate_limited": (4, 429),
    "internal": (4, 500),
    "overloaded": (4, 503),
}


def _refusals(above: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for each in above.__subclasses__():
        if each.__module__ == errors.__name__:
            yield each
            yield from _refusals(each)


REFUSALS = sorted(_refusals(), key=lambda each: each.__name__)


def test_the_reasons_of_a_refusal_are_those_of_the_protocol() -> None:
    assert sorted(Reason) == sorted(REASONS.replace(",", " ").split())


def test_the_reasons_of_a_failure_are_those_of_the_protocol() -> None:
    assert sorted(FailReason) == sorted(FAIL_REASONS.replace(",", " ").split())


def test_every_reason_has_one_refusal() -> None:
    assert sorted(each.reason for each in REFUSALS) == sorted(Reason)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_has_the_code_and_status_of_its_reason(refusal: type[Refused]) -> None:
    assert (refusal.code, refusal.status) == ANSWERS.get(refusal.reason, (4, 200))


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_says_in_a_sentence_what_is_wrong(refusal: type[Refused]) -> None:
    plain = refusal()
    told = refusal("Because.", field="prompt", properties={"limit": 1}, retry_after=5)

    assert plain.description.endswith(".")
    assert "confirm" not in plain.description.lower()
    assert (plain.field, plain.properties, plain.retry_after) == (None, {}, None)
    assert (told.description, str(told), told.field) == ("Because.", "Because.", "prompt")
    assert (told.properties, told.retry_after) == ({"limit": 1}, 5)


def test_what_a_refusal_carries_is_its_own() -> None:
    given: dict[str, object] = {"limit": 1}

    refused = Refused(properties=given)
    refused.properties["more"] = 2

    assert given == {"limit": 1}
    assert refused.reason == Reason.INTERNAL


def test_the_tree_is_as_drawn() -> None:
    drawn = errors.__doc__ or ""

    for each in (GatewayError, Refused, UpstreamError, NotSent, Rejected, Unanswered):
        assert each.__name__ in drawn
    assert {each.__base__ for each in (NotSent, Rejected, Unanswered)} == {UpstreamError}
    assert {UpstreamError.__base__, Refused.__base__} == {GatewayError}


def test_a_rejection_keeps_its_verdict_and_what_was_said() -> None:
    rejected = Rejected(Verdict.BUSY, "full", retry_after=3, properties={"a": 1})

    assert (rejected.verdict, str(rejected), rejected.retry_after) == (Verdict.BUSY, "full", 3)
    assert (rejected.reason, rejected.properties) == (Reason.UPSTREAM_REFUSED, {"a": 1})
