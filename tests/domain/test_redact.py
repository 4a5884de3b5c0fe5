"""What users may read of an upstream's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.redact import MOST, redact


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("see https://api.vendor.example/v1?x=1 now", "see [address] now"),
        ("HTTP://10.0.0.1:8080/x", "[address]"),
        ("cannot reach api.vendor.com:443/v1 today", "cannot reach [address] today"),
        ("cannot reach api.vendor.com:443 today", "cannot reach [host] today"),
        ("www.vendor.example is down", "[address] is down"),
        ("no route to 10.1.2.3:80", "no route to [host]"),
        ("bad key sk-abcdefgh12345678", "bad [key]"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: [key]"),
        (f"token {'a1' * 20}", "token [key]"),
        ("denied for apiKey=vendor-key-1, sorry", "denied for [key], sorry"),
        ('{"secret": "abc123def"}', '{"[key]"}'),
        (
            "no such key: please check the token: missing",
            "no such key: please check the token: missing",
        ),
        ("Vendor says no, VENDOR says it twice", "[provider] says no, [provider] says it twice"),
        ("a\x00b\x1b", "ab"),
        ("moderated: gore --v 6.1 --ar 16:9", "moderated: gore --v 6.1 --ar 16:9"),
        ("提示词违规", "提示词违规"),
        ("", ""),
    ],
)
def test_hosts_addresses_keys_and_names_are_replaced(said: str, read: str) -> None:
    assert redact(said, ("vendor",)) == read


def test_a_short_name_is_part_of_ordinary_words() -> None:
    assert redact("an apple", ("ap", "")) == "an apple"


@given(st.text(max_size=3_000), st.lists(st.text(max_size=5), max_size=3))
def test_any_text_becomes_short_and_clean(said: str, names: list[str]) -> None:
    read = redact(said, names)

    assert len(read) <= MOST
    read.encode()
    assert "\x00" not in read


@pytest.mark.parametrize("said", ["a." * 50_000, "1.1.1." * 20_000, "sk-" * 30_000, "a" * 100_000])
def test_a_long_text_takes_no_longer(said: str) -> None:
    assert len(redact(said)) <= MOST
