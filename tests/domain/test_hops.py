"""Hops: the ids of the installations that a request has come through, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.errors import Loop
from mjgate.domain.hops import MOST, check, onward, read

OWN = "0123456789abcdef"
OTHER = "fedcba9876543210"


def test_a_request_from_a_client_has_come_through_nobody() -> None:
    assert read("") == ()
    assert onward((), OWN) == OWN


def test_who_sends_a_request_on_adds_himself() -> None:
    assert read(onward((OTHER,), OWN)) == (OTHER, OWN)


@pytest.mark.parametrize("header", [OWN, f"{OTHER},{OWN}", f" {OWN} , {OTHER}"])
def test_what_was_here_before_is_refused(header: str) -> None:
    with pytest.raises(Loop) as refused:
        check(read(header), OWN)

    assert (refused.value.code, refused.value.reason) == (4, "loop")


def test_what_has_come_too_far_is_refused() -> None:
    check(read(",".join([OTHER] * MOST)), OWN)

    for far in (",".join([OTHER] * (MOST + 1)), "x," * 1_000):
        with pytest.raises(Loop):
            check(read(far), OWN)


@given(st.text())
def test_no_header_is_built_from_foreign_text(header: str) -> None:
    sent = onward(read(header), OWN)

    assert set(sent) <= set("0123456789abcdef,")
    assert len(sent) <= 17 * (MOST + 3)
