"""The services as real processes: how they start, what they say, how they end."""

import re
import signal
import socket
import sys
from base64 import b64encode
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.processes import ask, json_of, popen, service, typed, until_ready

MEGABYTES = 120
"""What a server without work may need."""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loopback")]


@pytest.fixture
def taken() -> Generator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def _said(url: str, words: bytes) -> bytes:
    """All that a server says to these bytes."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as wire:
        wire.sendall(words)
        return b"".join(iter(lambda: wire.recv(4_096), b""))


def _megabytes(process: int) -> float:
    """The memory that a process has resident."""
    status = Path(f"/proc/{process}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(resident.split()[1]) / 1024


def test_a_first_start_makes_one_admin_and_tells_his_password_once(tmp_path: Path) -> None:
    with service("serve", "--port", "0", home=tmp_path) as first:
        status, _ = ask(f"{first.url}/health/ready")
    public = "https://pictures.example.com/mid"
    with service("serve", "--port", "0", "--public-url", public, home=tmp_path) as second:
        said_again = second.said
        port = re.search(r"It listens on port (\d+)\.", said_again)
        again, _ = ask(f"http://127.0.0.1:{port and port[1]}/health/ready")

    assert (status, again) == (200, 200)
    assert "It listens" not in first.said
    assert second.url == public
    assert first.said.count("password  ") == 1
    assert "password" not in said_again
    users = json_of("user", "list", home=tmp_path)["users"]
    assert [(user["username"], user["role"]) for user in users] == [("admin", "admin")]


def test_first_starts_at_once_make_one_admin_and_share_one_key(tmp_path: Path) -> None:
    starts = [popen("serve", "--port", "0", home=tmp_path) for _ in range(3)]
    try:
        said = [until_ready(start) for start in starts]
    finally:
        for start in starts:
            start.kill()
            start.communicate()

    assert sum(each.count("password  ") for each in said) == 1
    assert len(json_of("user", "list", home=tmp_path)["users"]) == 1


def test_processes_that_migrate_at_once_agree_on_one_master_key(tmp_path: Path) -> None:
    starts = [popen("migrate", home=tmp_path) for _ in range(4)]
    ends = [(start.communicate(timeout=30), start.returncode) for start in starts]

    assert [code for _, code in ends] == [0, 0, 0, 0], ends
    assert typed("user", "list", home=tmp_path).returncode == 0


def test_a_chosen_admin_password_is_not_told(tmp_path: Path) -> None:
    words = ("serve", "--port", "0")

    with service(*words, home=tmp_path, MJGATE_ADMIN_PASSWORD="correct horse battery") as started:
        said = started.said

    assert "MJGATE_ADMIN_PASSWORD" in said
    assert "correct horse" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("sandbox", "--port", "0")])
def test_a_service_that_is_told_to_stop_ends_quietly(
    tmp_path: Path, words: tuple[str, ...], number: signal.Signals
) -> None:
    with service(*words, home=tmp_path) as started:
        code, out, err = started.stop(number)

    assert code == 0
    assert "Traceback" not in out + err
    assert "Error" not in out + err


def test_a_service_that_a_script_put_into_the_background_can_be_stopped(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `&` of a shell does; it is inherited
    try:
        with service("sandbox", "--port", "0", home=tmp_path) as started:
            code, _, _ = started.stop(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)

    assert code == 0


def test_what_is_set_up_beside_a_running_server_is_in_force_there(tmp_path: Path) -> None:
    with service("serve", "--port", "0", home=tmp_path) as gateway:
        json_of("user", "create", "alice", "--quota", "5000000", home=tmp_path)
        made = json_of("token", "create", "--user", "alice", home=tmp_path)
        asked = f"{gateway.url}/mj/task/list-by-condition"

        before, _ = ask(asked, {"ids": []}, key="sk-nobodys")
        after, answer = ask(asked, {"ids": []}, key=made["key"])
        garbage = _said(gateway.url, b"GET / HTTP/9.9\r\n\r\n").lower()

    assert (before, after, answer) == (401, 200, [])
    assert b"access-control-allow-origin: *\r\n" in garbage


@pytest.mark.parametrize("words", [("serve",), ("sandbox",)])
def test_a_busy_port_is_named_with_another_to_try(
    tmp_path: Path, taken: int, words: tuple[str, ...]
) -> None:
    ended = typed(*words, "--port", str(taken), home=tmp_path)

    assert ended.returncode == 1
    assert f"Port {taken} of 127.0.0.1 is taken by another program." in ended.stderr
    step, _, port = ended.stderr.strip().rpartition(" ")
    assert step.endswith(f"next: mjgate {words[0]} --port")
    assert int(port) > taken
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_that_lacks_a_sign_is_no_failure(tmp_path: Path) -> None:
    ended = typed("doctor", home=tmp_path, PYTHONIOENCODING="ascii")

    assert "should not happen" not in ended.stderr
    assert "? data directory" in ended.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")
def test_a_server_without_work_is_small(tmp_path: Path) -> None:
    with service("serve", "--port", "0", home=tmp_path) as gateway:
        ask(f"{gateway.url}/health/ready")
        resident = _megabytes(gateway.process.pid)

    assert resident < MEGABYTES


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")
def test_a_server_gives_back_the_memory_of_large_bodies(tmp_path: Path) -> None:
    picture = b64encode(bytes(range(256)) * 25_000).decode()
    order = {"prompt": "a fox", "base64Array": [picture] * 5}
    with service("serve", "--port", "0", home=tmp_path) as gateway, ThreadPoolExecutor(6) as many:
        json_of("user", "create", "alice", "--quota", "1000000", home=tmp_path)
        key = json_of("token", "create", "--user", "alice", home=tmp_path)["key"]
        url = f"{gateway.url}/mj/submit/imagine"
        asked = [many.submit(ask, url, order, key=key) for _ in range(18)]
        answers = [each.result() for each in asked]
        resident = _megabytes(gateway.process.pid)

    assert {(status, body["properties"]["reason"]) for status, body in answers} == {
        (200, "bad_image")
    }
    assert resident < 2 * MEGABYTES  # six were there at once, of 42 MB each


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    ended = typed("serve", "--host", "192.0.2.1", home=tmp_path)

    assert ended.returncode == 1
    assert "192.0.2.1 is no address of this machine" in ended.stderr
    assert ended.stderr.strip().endswith("next: mjgate serve --host 127.0.0.1")


def test_a_service_ends_with_the_one_who_started_it_if_asked_to(tmp_path: Path) -> None:
    ended = typed("sandbox", "--port", "0", "--end-with-stdin", home=tmp_path)

    assert ended.returncode == 0
