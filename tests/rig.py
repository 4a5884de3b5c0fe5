"""
A gateway to try: on either database, with a real upstream beside it and people who use it.

rig       the gateway with one channel to a sandbox that answers at once, and Alice and Bob
make_rig  the same, with what a test wants otherwise
"""

import ssl
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from starlette.types import ASGIApp

from mjgate.domain.action import Mode
from mjgate.domain.channel import Channel
from mjgate.domain.clock import SECOND
from mjgate.domain.settings import Value
from mjgate.domain.task import Task
from mjgate.domain.timing import ANSWER_WAIT, Timing
from mjgate.files import Files
from mjgate.imaging import Imaging
from mjgate.imaging.pool import Worker
from mjgate.keys import Keys, Master, Purpose, fingerprint
from mjgate.lifecycle import Gateway, Senders, window
from mjgate.lifecycle import queue as queue_module
from mjgate.lifecycle.archive import Archivist
from mjgate.lifecycle.copies import Copies
from mjgate.lifecycle.queue import queue
from mjgate.lifecycle.track import Tracker
from mjgate.links import Links
from mjgate.public_http import PublicHTTP
from mjgate.sandbox.server import running
from mjgate.sandbox.settings import SandboxSettings
from mjgate.store import (
    accounts,
    channels,
    installation,
    ledger,
    media,
    settings,
    tasks,
    tokens,
)
from mjgate.store.database import Database, Transaction
from mjgate.store.migrate import migrate
from mjgate.upstream import Upstream
from mjgate.web import WebSettings, create_app

Json = Any

START = 1_763_712_000_000
RICH = 10_000_000
PRICE = 50_000
"""Of a fast picture."""

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""A PNG of one pixel, as clients send it."""

HOOK_SECRET = "whsec_dGhlIHNlY3JldCBvZiBBbGljZSBhbmQgQm9i"
PLAIN = SandboxSettings(port=0, seconds=0, pictures="plain")


@dataclass
class HandClock:
    """A clock that moves when a test moves it."""

    moment: int = START

    def now(self) -> int:
        return self.moment

    def pass_by(self, milliseconds: int) -> None:
        self.moment += milliseconds


IDLE: Final[list[Worker]] = []


class Lasting(Imaging):
    """Its processes go on in the next test: to start one takes a tenth of a second."""

    def __init__(self) -> None:
        super().__init__()
        for pool in (self._heads, self._pixels):
            pool._free.extend(IDLE.pop() for _ in IDLE[:1])  # noqa: SLF001  products end theirs

    async def close(self) -> None:
        for pool in (self._heads, self._pixels):
            IDLE.extend(pool._free)  # noqa: SLF001  the same
            pool._free.clear()  # noqa: SLF001  the same
        await super().close()


@pytest.fixture(scope="session", autouse=True)
def _no_worker_left() -> Generator[None]:
    """End the last ones."""
    yield
    while IDLE:
        IDLE.pop().close()


@dataclass(frozen=True)
class Person:
    """Somebody with a key."""

    user_id: int
    token_id: int
    key: str


@dataclass
class Rig:
    """A gateway and what is around it."""

    gateway: Gateway
    clock: HandClock
    tracker: Tracker
    client: httpx.AsyncClient
    app: ASGIApp
    upstream_url: str
    alice: Person
    bob: Person
    channel_id: int
    seen: list[str] = field(default_factory=list[str])

    async def post(self, path: str, body: object, *, by: Person | None = None) -> httpx.Response:
        headers = {"mj-api-secret": (by or self.alice).key}
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, path: str, *, by: Person | None = None) -> httpx.Response:
        return await self.client.get(path, headers={"mj-api-secret": (by or self.alice).key})

    async def imagine(self, prompt: str = "a red fox", **more: object) -> str:
        """Submit, and insist that it was taken."""
        answer = await self.post("/mj/submit/imagine", {"prompt": prompt, **more})
        assert answer.json()["code"] == 1, answer.text
        return str(answer.json()["result"])

    async def press(self, task_id: str, label: str, **more: object) -> Json:
        """Press the button with that label or emoji; the whole answer."""
        buttons = (await self.fetch(task_id))["buttons"]
        found = next(each for each in buttons if label in {each["label"], each["emoji"]})
        body = {"taskId": task_id, "customId": found["customId"], **more}
        return (await self.post("/mj/submit/action", body)).json()

    async def fetch(self, task_id: str, *, by: Person | None = None) -> Json:
        return (await self.get(f"/mj/task/{task_id}/fetch", by=by)).json()

    async def look(self, after: int = 2 * SECOND) -> None:
        """Let time pass, then look at everything that is due."""
        self.clock.pass_by(after)
        await self.tracker.step()
        await self.tracker.settle()

    async def archive(self) -> None:
        """Copy and cut all that is due, until nothing is."""
        archivist = Archivist(self.gateway)
        while await media.any_due(self.gateway.store.reader, self.clock.now()):
            await archivist.step()
            await archivist.settle()

    async def hand_on(self) -> None:
        """Let the queue start what it can, and wait until it is sent."""
        await queue(self.gateway)
        await self.gateway.senders.settle()

    async def move_channel(self, url: str) -> None:
        """Let the channel's address be another from now on."""
        await self.gateway.store.write(channels.set_base_url, self.channel_id, url)

    async def set(self, name: str, *, value: Value) -> None:
        """Change a setting; it is in force at once."""
        await self.gateway.store.write(settings.set_value, name, value, "a test", self.clock.now())
        self.gateway.settings.forget()

    async def expire(self) -> None:
        """End what has waited too long."""
        await queue_module.expire(self.gateway)
        await window.expire(self.gateway)

    async def impoverish(self) -> None:
        """Take away all that Alice has left."""
        balance, _, _ = await self.balance()
        now = self.clock.now()
        await self.gateway.store.write(ledger.grant, self.alice.user_id, -balance, now)

    async def finished(self, task_id: str) -> Json:
        """Look until the task has ended."""
        task = await self.fetch(task_id)
        for _ in range(20):
            if task["status"] in {"SUCCESS", "FAILURE"}:
                return task
            await self.look()
            await self.gateway.senders.settle()  # a look may find that a modal is to follow
            task = await self.fetch(task_id)
        raise AssertionError(task)

    async def task(self, task_id: str) -> Task:
        """The task as the store has it."""
        found = await tasks.by_id(self.gateway.store.reader, int(task_id))
        assert found is not None
        return found

    async def balance(self, person: Person | None = None) -> tuple[int, int, int]:
        """Balance, held, spent."""
        row = await self.gateway.store.reader.row(
            "SELECT balance, held, spent FROM users WHERE id = :id",
            id=(person or self.alice).user_id,
        )
        assert row is not None
        return row["balance"], row["held"], row["spent"]

    async def stats(self) -> Json:
        """What the upstream has counted."""
        async with calling() as client:
            return (await client.get(f"{self.upstream_url}/sandbox/stats")).json()

    async def books(self) -> tuple[str, ...]:
        """Everything that is broken in the books: nothing, it is to be hoped."""
        return (await ledger.check(self.gateway.store.reader)).broken


MakeRig = Callable[..., Awaitable[Rig]]


@pytest.fixture
async def make_rig(database_url: str, tmp_path: Path, loopback: None) -> AsyncGenerator[MakeRig]:
    del loopback
    async with AsyncExitStack() as stack:

        async def make(
            *,
            sandbox: SandboxSettings | None = PLAIN,
            upstream_url: str = "",
            max_running: int = 10,
            timing: Timing | None = None,
            answer_wait: int = ANSWER_WAIT,
            allow_private: tuple[str, ...] = (),
            provider: str = "mjproxy",
            **options: str,
        ) -> Rig:
            if sandbox is not None and not upstream_url:
                port = await stack.enter_async_context(running(sandbox))
                upstream_url = f"http://127.0.0.1:{port}"
            clock = HandClock()
            gateway = await a_gateway(stack, database_url, tmp_path, clock, timing or Timing())
            if allow_private:
                public = await PublicHTTP.start(allow_private=allow_private)
                stack.push_async_callback(public.close)
                gateway = replace(gateway, public=public)
            gateway = replace(gateway, answer_wait=answer_wait)
            channel_id = await a_channel(
                gateway,
                "main",
                upstream_url,
                max_running=max_running,
                provider=provider,
                options=options,
            )
            application = create_app(gateway, WebSettings())
            transport = httpx.ASGITransport(application)
            client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
            await stack.enter_async_context(client)
            tracker = Tracker(gateway)
            stack.push_async_callback(tracker.close)
            return Rig(
                gateway=gateway,
                clock=clock,
                tracker=tracker,
                client=client,
                app=application,
                upstream_url=upstream_url,
                alice=await a_person(gateway, "alice"),
                bob=await a_person(gateway, "bob"),
                channel_id=channel_id,
            )

        yield make


@pytest.fixture
async def rig(make_rig: MakeRig) -> Rig:
    return await make_rig()


def calling(base_url: str = "") -> httpx.AsyncClient:
    """A client for servers of this machine: it reads no authorities, which takes a while."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(base_url=base_url, trust_env=False, verify=tls)


async def a_gateway(
    stack: AsyncExitStack, url: str, directory: Path, clock: HandClock, timing: Timing
) -> Gateway:
    """A gateway whose clock stands still; it ends with the stack."""
    store = await Database.open(url)
    stack.push_async_callback(store.close)
    await migrate(store, clock.now())
    await store.write(installation.drawn)
    upstream = await Upstream.open()
    stack.push_async_callback(upstream.close)
    public = await PublicHTTP.start()
    stack.push_async_callback(public.close)
    senders = Senders()
    stack.push_async_callback(senders.drain, 5)
    files = Files(directory / "blobs")
    stack.push_async_callback(files.close)
    imaging = Lasting()
    stack.push_async_callback(imaging.close)
    keys = Keys(Master("a master key for tests, long enough"))
    copies = Copies()
    stack.push_async_callback(copies.close)
    return Gateway(
        store=store,
        upstream=upstream,
        public=public,
        files=files,
        copies=copies,
        imaging=imaging,
        clock=clock,
        keys=keys,
        links=Links("http://gateway", keys),
        node="node-1",
        timing=timing,
        senders=senders,
    )


async def a_channel(  # noqa: PLR0913  each says one thing
    gateway: Gateway,
    name: str,
    url: str,
    *,
    max_running: int = 10,
    priority: int = 0,
    provider: str = "mjproxy",
    secret: str = "upstream-secret",  # noqa: S107  of a sandbox that asks for none
    options: dict[str, str] | None = None,
) -> int:
    """A channel to `url`, open for every mode."""
    channel = Channel(
        id=0,
        instance_id=str(uuid.uuid4()),
        name=name,
        provider=provider,
        base_url=url,
        options={"notify": "off"} | (options or {}),
        priority=priority,
    )

    async def add(tx: Transaction) -> int:
        now = gateway.clock.now()
        channel_id = await channels.add(
            tx,
            channel,
            modes=list(Mode),
            max_running=max_running,
            max_waiting=100,
            now=now,
        )
        sealed = gateway.keys.encrypt(Purpose.CHANNEL, secret)
        await channels.add_credential(
            tx, channel_id, secret_enc=sealed, tail="cret", key_id=gateway.keys.current.id, now=now
        )
        return channel_id

    return await gateway.store.write(add)


async def a_person(gateway: Gateway, name: str, *, quota: int = RICH, **key: object) -> Person:
    """A user with money and an unlimited key."""
    secret = f"{name}-{uuid.uuid4().hex}"

    async def add(tx: Transaction) -> tuple[int, int]:
        now = gateway.clock.now()
        user_id = await accounts.add_user(
            tx,
            {
                "username": name,
                "role": "user",
                "group_id": await accounts.group_id(tx, "default", now),
                "password_hash": "",
                "password_until": None,
                "access_hash": fingerprint(f"access {secret}"),
                "access_tail": "",
                "hook_secret_enc": gateway.keys.encrypt(Purpose.WEBHOOK, HOOK_SECRET),
                "now": now,
            },
        )
        if quota:
            await ledger.grant(tx, user_id, quota, now)
        token_id = await tokens.add(tx, a_key(user_id, secret, now) | key)
        return user_id, token_id

    user_id, token_id = await gateway.store.write(add)
    return Person(user_id, token_id, f"sk-{secret}")


def a_key(user_id: int, secret: str, now: int) -> dict[str, Any]:
    """The columns of a key that may do everything."""
    return {
        "user_id": user_id,
        "name": "",
        "status": "enabled",
        "key_hash": fingerprint(secret),
        "key_tail": secret[-4:],
        "limited": 0,
        "quota": 0,
        "max_running": None,
        "actions": "",
        "modes": "",
        "ips": "",
        "default_mode": None,
        "on_limit": "queue",
        "sees": "user",
        "fallback": 0,
        "hook_url": "",
        "hook_secret_enc": "",
        "expires_at": None,
        "now": now,
    }
