"""Two processes share an address and a database, and nobody gets more than he can pay for."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mjgate.domain.pricing import UNIT
from mjgate.sandbox.server import running
from mjgate.sandbox.settings import SandboxSettings
from tests.cli.processes import ask, json_of, service

Json = Any

PRICE = UNIT // 10
SUBMITS = 100


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_balance_for_ten_takes_ten_of_a_hundred_through_two_processes(
    empty_url: str, tmp_path: Path, loopback: None
) -> None:
    del loopback
    where = {"MJGATE_DATABASE_URL": empty_url, "MJGATE_SECRET_KEY": "m" * 40}
    secret = {"MJGATE_CHANNEL_SECRET": "any"}
    sandbox = SandboxSettings(port=0, seconds=60, pictures="plain", max_running=200)
    async with running(sandbox) as port:
        answers, ledger, balance = await asyncio.to_thread(
            _submitted, tmp_path, port, where | secret
        )
    codes = Counter(status for status, _ in answers)
    assert codes == {200: 10, 402: SUBMITS - 10}
    assert len({answer["result"] for status, answer in answers if status == 200}) == 10
    assert (ledger["ok"], balance) == (True, 0)


def _submitted(home: Path, port: int, env: dict[str, str]) -> tuple[list[Any], Json, int]:
    """A hundred submits at once; what they were answered, the books, and what is left."""
    json_of("migrate", home=home, **env)
    json_of("user", "create", "alice", "--quota", str(10 * PRICE), home=home, **env)
    key = json_of("token", "create", "--user", "alice", home=home, **env)["key"]
    channel = ("--name", "main", "--base-url", f"http://127.0.0.1:{port}", "--max-running", "200")
    json_of("channel", "add", *channel, home=home, **env)
    with service("serve", "--port", "0", "--workers", "2", home=home, **env) as gateway:
        url = f"{gateway.url}/mj/submit/imagine"
        with ThreadPoolExecutor(SUBMITS) as pool:
            waiting = [pool.submit(ask, url, {"prompt": "a fox"}, key=key) for _ in range(SUBMITS)]
            answers = [each.result() for each in waiting]
    ledger = json_of("ledger", "check", home=home, **env)
    users = json_of("user", "list", home=home, **env)["users"]
    return answers, ledger, next(each["balance"] for each in users if each["username"] == "alice")
