"""Who may come in: every form of a key that clients send, and every reason to refuse one."""

import pytest

from mjgate.domain.clock import SECOND
from mjgate.store import tokens
from mjgate.store.database import Transaction
from tests.rig import START, MakeRig, Person, Rig, a_person
from tests.web.shape import (
    FOX,
    IMAGINE,
    calling,
    counted,
    one_engine,
    refused,
    served,
    set_key,
    untouched,
)

QUEUE = "/mj/task/list-by-condition"

FORMS = [
    {"Authorization": "{key}"},
    {"Authorization": "Bearer {key}"},
    {"Authorization": "bearer {key}"},
    {"Authorization": "BEARER   {key}"},
    {"Authorization": "{bare}"},
    {"Authorization": "Bearer {bare}"},
    {"AUTHORIZATION": "Bearer {key}"},
    {"authorization": "  {key}  "},
    {"mj-api-secret": "{key}"},
    {"mj-api-secret": "{bare}"},
    {"mj-api-secret": "Bearer {key}"},
    {"MJ-API-SECRET": "{key}"},
    {"Mj-Api-Secret": "Bearer {bare}"},
    {"Authorization": "", "mj-api-secret": "{key}"},
    {"Authorization": "Bearer ", "mj-api-secret": "{key}"},
    {"Authorization": "midjourney-proxy", "mj-api-secret": "{key}"},
    {"Authorization": "Bearer midjourney-proxy", "mj-api-secret": "{bare}"},
    {"Authorization": "Bearer sk-of-somebody-elses-server", "mj-api-secret": "{key}"},
    {"Authorization": "Bearer {key}", "mj-api-secret": "wrong"},
    {"Authorization": "Bearer {key}", "mj-api-secret": "{key}"},
    {"Authorization": "x" * 5_000, "mj-api-secret": "{key}"},
]

STRANGERS = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer sk-"},
    {"Authorization": "midjourney-proxy"},
    {"mj-api-secret": ""},
    {"mj-api-secret": "sk-nobody"},
    {"mj-api-secret": "\xff\xfe"},
    {"mj-api-secret": "' OR 1=1 --"},
    {"Authorization": "Basic YWxpY2U6YWxpY2U="},
    {"x-ptoken": "{key}"},
    {"x-api-key": "{key}"},
    {"Cookie": "mj-api-secret={key}"},
    {"Authorization": "Bearer {key}x"},
    {"Authorization": "Bearer {short}"},
]


def worn(headers: dict[str, str], person: Person) -> dict[bytes, bytes]:
    bare = person.key.removeprefix("sk-")
    return {
        name.encode(): text.format(key=person.key, bare=bare, short=bare[:-1]).encode("latin-1")
        for name, text in headers.items()
    }


@one_engine
@pytest.mark.parametrize("headers", FORMS, ids=str)
async def test_a_key_is_known_in_every_form_that_clients_send(
    rig: Rig, headers: dict[str, str]
) -> None:
    answer = await rig.client.post(QUEUE, json={}, headers=worn(headers, rig.alice))

    assert (answer.status_code, served(answer)) == (200, [])


@one_engine
@pytest.mark.parametrize("headers", STRANGERS, ids=str)
async def test_without_a_key_of_ours_nobody_comes_in(rig: Rig, headers: dict[str, str]) -> None:
    answer = await rig.client.post(IMAGINE, json=FOX, headers=worn(headers, rig.alice))

    refused(answer, 401, "bad_key")
    await untouched(rig)


@one_engine
@pytest.mark.parametrize("where", ["?key={key}", "?mj-api-secret={key}", "?Authorization={key}"])
async def test_a_key_in_an_address_or_a_body_is_not_read(rig: Rig, where: str) -> None:
    body = {"mj-api-secret": rig.alice.key, "key": rig.alice.key, **FOX}

    answer = await rig.client.post(IMAGINE + where.format(key=rig.alice.key), json=body)

    refused(answer, 401, "bad_key")


BARRED = [
    ({"status": "disabled"}, 403, "key_disabled"),
    ({"expires_at": START}, 401, "bad_key"),
    ({"expires_at": START + 1_001}, 401, "bad_key"),
    ({"ips": "10.0.0.0/8 2001:db8::/32"}, 403, "ip_not_allowed"),
]


@pytest.mark.parametrize(("columns", "status", "reason"), BARRED, ids=str)
async def test_a_key_that_is_barred_is_told_why(
    rig: Rig, columns: dict[str, str | int], status: int, reason: str
) -> None:
    await set_key(rig, rig.alice, **columns)

    answer = await rig.post(IMAGINE, FOX)
    fetched = await rig.get("/mj/task/1763712000000000/fetch")

    refused(answer, status, reason)
    refused(fetched, status, reason)
    await untouched(rig)


async def test_a_disabled_user_is_told_so(rig: Rig) -> None:
    async def disable(tx: Transaction) -> None:
        await tx.run("UPDATE users SET status = 'disabled' WHERE id = :id", id=rig.alice.user_id)

    await rig.gateway.store.write(disable)

    refused(await rig.post(IMAGINE, FOX), 403, "key_disabled")
    await untouched(rig)


@one_engine
async def test_a_key_that_expires_later_works_until_then(rig: Rig) -> None:
    await set_key(rig, rig.alice, expires_at=START + 10 * SECOND)
    before = await rig.post(QUEUE, {})

    rig.clock.pass_by(9 * SECOND)
    after = await rig.post(QUEUE, {})

    assert before.status_code == 200
    assert "expired" in refused(after, 401, "bad_key")["description"]


async def test_a_revoked_key_is_refused_within_a_second(rig: Rig) -> None:
    assert (await rig.post(QUEUE, {})).status_code == 200

    await rig.gateway.store.write(tokens.revoke, rig.alice.token_id, rig.clock.now())
    rig.clock.pass_by(1_000)

    refused(await rig.post(QUEUE, {}), 401, "bad_key")


@one_engine
async def test_a_new_key_is_known_within_a_second_of_being_guessed(rig: Rig) -> None:
    early = await rig.client.post(QUEUE, json={}, headers={"mj-api-secret": "carol"})
    carol = await a_person(rig.gateway, "carol")

    rig.clock.pass_by(1_000)

    refused(early, 401, "bad_key")
    assert (await rig.post(QUEUE, {}, by=carol)).status_code == 200


@one_engine
async def test_the_first_good_key_counts_also_where_a_header_stands_twice(rig: Rig) -> None:
    headers = [("Authorization", ""), ("Authorization", f"Bearer {rig.alice.key}")]

    answer = await rig.client.post(QUEUE, json={}, headers=headers)

    assert answer.status_code == 200


@one_engine
async def test_a_barred_key_beside_a_good_one_does_no_harm(rig: Rig) -> None:
    await set_key(rig, rig.bob, status="disabled")
    headers = {"Authorization": f"Bearer {rig.bob.key}", "mj-api-secret": rig.alice.key}

    answer = await rig.client.post(QUEUE, json={}, headers=headers)

    assert answer.status_code == 200


@one_engine
@pytest.mark.parametrize(
    ("address", "status"),
    [("10.1.2.3", 200), ("2001:db8::7", 200), ("::ffff:10.1.2.3", 200), ("11.0.0.1", 403)],
)
async def test_a_key_for_certain_addresses_is_good_there_alone(
    rig: Rig, address: str, status: int
) -> None:
    await set_key(rig, rig.alice, ips="10.0.0.0/8 2001:db8::/32")

    async with calling(rig, address) as client:
        answer = await client.post(QUEUE, json={}, headers={"mj-api-secret": rig.alice.key})

    assert answer.status_code == status


async def test_a_key_that_sees_only_its_own_tasks_does_not_see_its_users_others(
    make_rig: MakeRig,
) -> None:
    rig = await make_rig()
    others = await rig.imagine()
    await set_key(rig, rig.alice, sees="own")
    own = await rig.imagine()
    second = await a_second_key(rig, sees="own")

    seen = await rig.post(QUEUE, {"ids": [others, own]})
    unseen = await rig.post(QUEUE, {"ids": [others, own]}, by=second)
    fetched = await rig.get(f"/mj/task/{own}/fetch", by=second)

    assert [task["id"] for task in seen.json()] == [others, own]
    assert unseen.json() == []
    refused(fetched, 404, "not_found")


async def a_second_key(rig: Rig, sees: str) -> Person:
    """Another key of Alice's."""
    carol = await a_person(rig.gateway, "carol", sees=sees)

    async def hand_over(tx: Transaction) -> None:
        await tx.run(
            "UPDATE tokens SET user_id = :user_id WHERE id = :id",
            user_id=rig.alice.user_id,
            id=carol.token_id,
        )

    await rig.gateway.store.write(hand_over)
    return Person(rig.alice.user_id, carol.token_id, carol.key)


async def test_polling_costs_one_read_of_the_key_a_second(rig: Rig) -> None:
    task_id = await rig.imagine()
    reads = counted(rig)

    asked: list[int] = []
    async with calling(rig) as client:
        for _ in range(4):
            before = reads.asked
            await client.get(f"/mj/task/{task_id}/fetch", headers={"mj-api-secret": rig.alice.key})
            asked.append(reads.asked - before)

    assert asked[0] > asked[1] == asked[2] == asked[3] == 1
