"""`mjgate check` as it is typed; what it finds out is tried in tests/conformance."""

import socket

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.mark.parametrize("words", [("ftp://x", "key"), ("127.0.0.1:80", "key")])
def test_what_is_no_address_is_refused(mjgate: Run, words: tuple[str, ...]) -> None:
    refused = mjgate("check", *words)

    assert (refused.code, refused.next) == (2, "mjgate check --help")


def test_nobody_there_is_a_sentence_and_an_exit_code(mjgate: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    ended = mjgate("check", f"http://127.0.0.1:{port}/mj", "-", stdin="key\n")

    assert ended.code == 1
    assert f"http://127.0.0.1:{port} does not answer: connection refused." in ended.out
