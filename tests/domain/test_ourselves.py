"""When two addresses lead to one place."""

import pytest

from mjgate.domain.address import Origin
from mjgate.domain.ourselves import same_place

PAIRS = [
    ("https://gate.example", "http://gate.example:443", True),
    ("http://gate.example", "http://gate.example:8000", False),
    ("http://localhost:8000", "http://127.0.0.1:8000", True),
    ("http://[::1]:8000", "http://localhost:8000", True),
    ("http://127.0.0.1:8000", "http://127.0.0.1:8001", False),
    ("http://127.0.0.1:8000", "http://gate.example:8000", False),
]


@pytest.mark.parametrize(("one", "other", "same"), PAIRS)
def test_a_place_is_a_port_of_a_host_and_this_machine_has_several_names(
    one: str,
    other: str,
    *,
    same: bool,
) -> None:
    assert same_place(Origin.of(one), Origin.of(other)) is same
    assert same_place(Origin.of(other), Origin.of(one)) is same
