"""What every answer has in common, checked in one place; and that a refusal changed nothing."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

import httpx
import pytest
from starlette.types import ASGIApp

from mjgate.domain.reasons import Reason
from mjgate.store.database import Reader, Row, Transaction, Value
from mjgate.web import WebSettings, create_app
from tests.rig import RICH, Person, Rig

Json = Any

IMAGINE = "/mj/submit/imagine"
FOX = {"prompt": "a red fox"}

one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database has a part in."""


def refused(answer: httpx.Response, status: int, reason: str, code: int = 4) -> Json:
    """The refusal, which must be whole: its shape is the same for every client and every cause."""
    body = served(answer)
    assert set(body) == {
        "code", "description", "result", "properties", "message", "error", "requestId",
    }  # fmt: skip
    assert (answer.status_code, body["error"], body["code"]) == (status, reason, code), body
    assert body["result"] is None
    assert body["properties"]["reason"] == reason
    assert reason in set(Reason)
    assert body["description"]
    assert body["description"] == body["message"]
    assert body["requestId"] == answer.headers["x-request-id"]
    assert "confirm" not in body["description"]
    return body


def served(answer: httpx.Response) -> Json:
    """The JSON of an answer that no cache may keep and that can be found in the log."""
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.headers.get_list("x-request-id")) == 1
    return answer.json()


async def untouched(rig: Rig, person: Person | None = None, *, tasks: int = 0) -> None:
    """Nobody paid, nothing was written, nothing was sent but for `tasks` of before."""
    row = await rig.gateway.store.reader.row("SELECT COUNT(*) AS n FROM tasks")
    assert row is not None
    assert row["n"] == tasks
    if not tasks:
        assert await rig.balance(person) == (RICH, 0, 0)
    assert (await rig.stats())["jobs"] == tasks
    assert await rig.books() == ()


async def set_key(rig: Rig, person: Person, **columns: str | int) -> None:
    """Change a key as an operator would, and let the remembered one go stale."""

    async def change(tx: Transaction) -> None:
        for column, value in columns.items():
            await tx.run(_SET[column], value=value, id=person.token_id)

    await rig.gateway.store.write(change)
    rig.clock.pass_by(1_001)


_SET: Final[Mapping[str, LiteralString]] = {
    "status": "UPDATE tokens SET status = :value WHERE id = :id",
    "expires_at": "UPDATE tokens SET expires_at = :value WHERE id = :id",
    "ips": "UPDATE tokens SET ips = :value WHERE id = :id",
    "default_mode": "UPDATE tokens SET default_mode = :value WHERE id = :id",
    "modes": "UPDATE tokens SET modes = :value WHERE id = :id",
    "actions": "UPDATE tokens SET actions = :value WHERE id = :id",
    "sees": "UPDATE tokens SET sees = :value WHERE id = :id",
    "on_limit": "UPDATE tokens SET on_limit = :value WHERE id = :id",
}


class Counting(Reader):
    """A reader that counts what it is asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.asked = 0

    async def row(self, sql: LiteralString, /, **values: Value) -> Row | None:
        self.asked += 1
        return await self._reader.row(sql, **values)

    async def rows(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        self.asked += 1
        return await self._reader.rows(sql, **values)

    async def scan(self, sql: LiteralString, /, **values: Value) -> Sequence[Row]:
        self.asked += 1
        return await self._reader.scan(sql, **values)


def counted(rig: Rig) -> Counting:
    """From now on, the gateway's reads are counted."""
    counting = Counting(rig.gateway.store.reader)
    rig.gateway.store.reader = counting
    return counting


@asynccontextmanager
async def calling(
    rig: Rig, address: str = "127.0.0.1", settings: WebSettings | None = None
) -> AsyncGenerator[httpx.AsyncClient]:
    """The gateway under other settings, called from `address`."""
    app = create_app(rig.gateway, settings or WebSettings())
    async with client_of(app, address) as client:
        yield client


def client_of(app: ASGIApp, address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 1234), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")
