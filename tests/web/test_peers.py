"""Who really calls, and under which of our names, as plain functions."""

import pytest

from mjgate.config import Config
from mjgate.web.peers import Proxies

TRUSTED = ("10.0.0.0/8", "fd00::/8", "192.0.2.1")

HOPS: list[tuple[str | None, list[str], str]] = [
    ("203.0.113.9", [], "203.0.113.9"),
    ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
    ("10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    ("10.0.0.1", ["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
    ("10.0.0.1", ["198.51.100.1, 10.2.3.4"], "198.51.100.1"),
    ("10.0.0.1", ["1.1.1.1, 198.51.100.1,10.2.3.4 , 192.0.2.1"], "198.51.100.1"),
    ("10.0.0.1", ["1.1.1.1", "198.51.100.1", "10.9.9.9"], "198.51.100.1"),
    ("10.0.0.1", ["10.2.3.4"], "10.2.3.4"),
    ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
    ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
    ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
    ("10.0.0.1", ['"[2001:db8::1]"'], "2001:db8::1"),
    ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
    ("10.0.0.1", ["1.1.1.1, unknown"], ""),
    ("10.0.0.1", ["1.1.1.1, _hidden, 10.2.3.4"], ""),
    ("10.0.0.1", [""], "10.0.0.1"),
    ("10.0.0.1", ["1.1.1.1, "], "10.0.0.1"),
    ("unix", ["1.1.1.1"], ""),
    (None, ["1.1.1.1"], ""),
]


@pytest.mark.parametrize(("peer", "forwarded", "caller"), HOPS, ids=str)
def test_forwarded_addresses_are_read_from_the_right(
    peer: str | None, forwarded: list[str], caller: str
) -> None:
    scope = {
        "client": None if peer is None else (peer, 1234),
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }

    assert Proxies(TRUSTED).caller(scope) == caller


def test_nobody_is_trusted_unless_it_is_said() -> None:
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}

    assert Proxies(()).caller(scope) == "10.0.0.1"


@pytest.mark.parametrize(
    ("config", "hosts"),
    [
        (Config(), set[str]()),
        (Config(host="0.0.0.0"), set[str]()),  # noqa: S104  said, not listened on
        (Config(public_url="https://a.example"), {"a.example", "localhost", "127.0.0.1", "::1"}),
        (Config(allowed_hosts=("b.example",)), {"b.example", "127.0.0.1"}),
        (
            Config(public_url="https://a.example:8443", allowed_hosts=("b.example",)),
            {"a.example", "b.example"},
        ),
    ],
)
def test_the_names_come_from_the_public_url_and_the_option(config: Config, hosts: set[str]) -> None:
    assert set(config.hosts) == hosts
