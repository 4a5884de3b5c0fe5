"""People at the management API: with an access token, or logged in with a browser's cookie."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from mjgate.manage import Desk
from mjgate.store import people
from mjgate.store.database import Transaction
from tests.rig import Person, Rig, a_person

Json = Any

PASSWORD = "correct horse battery"
KEPT = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Quick to check: a hash says itself how dear it is."""


@dataclass
class Manager:
    """Somebody who manages; every request goes with his credential."""

    client: httpx.AsyncClient
    id: int
    key: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    async def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        if body is None:
            return await self.client.request(method, path, headers=self.headers)
        return await self.client.request(method, path, headers=self.headers, json=body)

    async def data(self, method: str, path: str, body: object = None) -> Json:
        """What is in the envelope of an answer that must be good."""
        answer = await self.ask(method, path, body)
        assert answer.status_code == 200, answer.text
        assert list(answer.json()) == ["success", "message", "data"]
        assert answer.json()["success"] is True
        return answer.json()["data"]

    async def refused(self, status: int, method: str, path: str, body: object = None) -> Json:
        """What a refusal says; its shape is checked."""
        answer = await self.ask(method, path, body)
        found = answer.json()
        assert answer.status_code == status, answer.text
        assert set(found) == {"success", "message", "data", "field", "requestId"}
        assert (found["success"], found["data"]) == (False, None)
        assert found["message"]
        assert answer.headers["cache-control"] == "no-store"
        return found


def desk_of(rig: Rig) -> Desk:
    gateway = rig.gateway
    return Desk(store=gateway.store, keys=gateway.keys, clock=gateway.clock, actor="test")


async def an_admin(rig: Rig, name: str = "root") -> Manager:
    return await _somebody(rig, name, "admin")


async def a_user(rig: Rig, name: str = "carol") -> Manager:
    return await _somebody(rig, name, "user")


def manages(rig: Rig, person: Person) -> Manager:
    """The same person with his access token."""
    token = f"access {person.key.removeprefix('sk-')}"
    return Manager(rig.client, person.user_id, person.key, {"Authorization": f"Bearer {token}"})


async def _somebody(rig: Rig, name: str, role: str) -> Manager:
    """Somebody with a password, an access token and a key."""
    person = await a_person(rig.gateway, name)

    async def promote(tx: Transaction) -> None:
        await people.set_password(tx, person.user_id, KEPT, until=None)
        await tx.run("UPDATE users SET role = :role WHERE id = :id", role=role, id=person.user_id)

    await rig.gateway.store.write(promote)
    return manages(rig, person)


@pytest.fixture
async def admin(rig: Rig) -> Manager:
    return await an_admin(rig)
