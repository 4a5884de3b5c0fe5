"""The same submit sent again under its Idempotency-Key: one task, one price, one answer."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping

import httpx
import pytest

from mjgate.store import ledger
from mjgate.store.database import Transaction
from tests.rig import RICH, MakeRig, Person, Rig, a_person
from tests.web.held import holding
from tests.web.shape import FOX, IMAGINE, one_engine, refused, served, set_key, untouched

ONE_FOX = (RICH - 50_000, 50_000, 0)


async def again(
    rig: Rig, body: object = FOX, key: str = "once", path: str = IMAGINE, by: Person | None = None
) -> httpx.Response:
    """Submit under an Idempotency-Key."""
    headers = {"mj-api-secret": (by or rig.alice).key, "Idempotency-Key": key}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await rig.client.post(path, content=content, headers=headers)


def replayed(answer: httpx.Response) -> bool:
    return answer.headers.get("idempotent-replayed") == "true"


async def test_a_repeat_gets_the_first_answer_and_makes_nothing(rig: Rig) -> None:
    first, second = await again(rig), await again(rig)

    assert served(second) == served(first)
    assert (replayed(first), replayed(second)) == (False, True)
    assert await rig.balance() == ONE_FOX
    assert (await rig.stats())["jobs"] == 1


async def test_a_repeat_gets_the_first_answer_although_the_task_went_on(rig: Rig) -> None:
    first = await again(rig)
    await rig.finished(first.json()["result"])

    second = await again(rig)

    assert served(second) == served(first)


async def test_without_a_key_every_submit_is_a_new_one(rig: Rig) -> None:
    first, second = await again(rig, key=""), await again(rig, key=" ")

    assert first.json()["result"] != second.json()["result"]


@pytest.mark.parametrize("body", [{"prompt": "another fox"}, b'{"prompt":"a red fox"}', b"{", b""])
async def test_the_same_key_with_other_bytes_is_a_mistake(rig: Rig, body: object) -> None:
    await again(rig)

    answer = await again(rig, body)

    refused(answer, 422, "idempotency_mismatch")
    assert await rig.balance() == ONE_FOX


async def test_a_key_is_one_api_keys_own_and_of_one_path(rig: Rig) -> None:
    answers = [
        await again(rig),
        await again(rig, by=rig.bob),
        await again(rig, path="/mj/submit/shorten"),
        await again(rig, path="/mj-relax/mj/submit/imagine"),
        await again(rig, path="/mj-turbo/mj/submit/imagine"),
        await again(rig, key="twice"),
    ]

    assert not any(map(replayed, answers))
    assert len({answer.json()["result"] for answer in answers}) == 6


async def test_a_first_request_that_still_runs_is_waited_for(make_rig: MakeRig) -> None:
    async with holding() as held:
        rig = await make_rig(upstream_url=held.url)
        asking = asyncio.create_task(again(rig))
        await held.arrived.wait()

        meanwhile = await again(rig)
        other = await again(rig, {"prompt": "another fox"})
        held.answer.set()
        first, second = await asking, await again(rig)

    refused(meanwhile, 409, "idempotency_running")
    assert int(meanwhile.headers["retry-after"]) > 0
    refused(other, 422, "idempotency_mismatch")
    assert (served(second), replayed(second)) == (served(first), True)
    assert held.server.connections == 1


async def test_of_many_at_once_one_is_taken(rig: Rig) -> None:
    answers = await asyncio.gather(*(again(rig) for _ in range(20)))

    told = Counter(answer.status_code for answer in answers)
    ids = {answer.json()["result"] for answer in answers if answer.status_code == 200}
    assert set(told) <= {200, 409}
    assert len(ids) == 1
    assert await rig.balance() == ONE_FOX
    assert (await rig.stats())["jobs"] == 1
    assert served(await again(rig))["result"] in ids


KEPT: list[tuple[Mapping[str, object], int, str]] = [
    ({}, 4, "missing_field"),
    ({"prompt": 7}, 4, "bad_field"),
    ({"prompt": "a fox --r x"}, 4, "multiple_jobs"),
    ({"prompt": "a fox", "base64Array": ["%"]}, 4, "bad_image"),
    ({"prompt": "a fox", "notifyHook": "http://127.0.0.1/"}, 4, "bad_address"),
    ({"prompt": "a fox [[fault:reject-24]]"}, 24, "banned_word"),
]


@pytest.mark.parametrize(("body", "code", "reason"), KEPT, ids=lambda part: str(part)[:30])
async def test_a_refusal_that_will_not_change_is_kept(
    rig: Rig, body: Mapping[str, object], code: int, reason: str
) -> None:
    first, second = await again(rig, body), await again(rig, body)
    other = await again(rig, FOX)

    assert (first.json()["code"], first.json()["error"]) == (code, reason)
    assert served(second) == served(first)
    assert (replayed(first), replayed(second)) == (False, True)
    refused(other, 422, "idempotency_mismatch")
    assert await rig.balance() == (RICH, 0, 0)


async def test_without_money_the_key_is_free_again(rig: Rig) -> None:
    poor = await a_person(rig.gateway, "poor", quota=0)
    first = await again(rig, by=poor)

    await rig.gateway.store.write(ledger.grant, poor.user_id, RICH, rig.clock.now())
    second = await again(rig, by=poor)

    refused(first, 402, "quota_not_enough")
    assert (second.json()["code"], replayed(second)) == (1, False)


async def test_without_a_channel_the_key_is_free_again(rig: Rig) -> None:
    await set_channels(rig, "disabled")
    first = await again(rig)

    await set_channels(rig, "enabled")
    second = await again(rig)

    refused(first, 200, "no_channel", code=3)
    assert (second.json()["code"], replayed(second)) == (1, False)


async def set_channels(rig: Rig, status: str) -> None:
    async def change(tx: Transaction) -> None:
        await tx.run("UPDATE channels SET status = :status", status=status)

    await rig.gateway.store.write(change)
    rig.clock.pass_by(1_001)


async def test_what_the_channel_refused_for_its_own_reasons_may_be_tried_again(rig: Rig) -> None:
    body = {"prompt": "a fox [[fault:status-404-code-3]]"}

    first, second = await again(rig, body), await again(rig, body)

    assert first.json()["code"] == second.json()["code"] == 9
    assert not replayed(second)
    assert await rig.balance() == (RICH, 0, 0)


async def test_a_channel_that_was_away_may_be_tried_again(rig: Rig) -> None:
    body = {"prompt": "a fox [[fault:drop-before-accept]]"}

    first, second = await again(rig, body), await again(rig, body)

    assert served(second)["result"] == served(first)["result"]


@one_engine
@pytest.mark.parametrize(
    ("columns", "reason", "cure"),
    [
        ({"modes": "RELAX"}, "mode_not_allowed", {"modes": ""}),
        ({"actions": "UPSCALE"}, "action_not_allowed", {"actions": ""}),
        ({"status": "disabled"}, "key_disabled", {"status": "enabled"}),
    ],
    ids=str,
)
async def test_what_an_operator_can_cure_frees_the_key(
    rig: Rig, columns: dict[str, str], reason: str, cure: dict[str, str]
) -> None:
    await set_key(rig, rig.alice, **columns)
    first = await again(rig)

    await set_key(rig, rig.alice, **cure)
    second = await again(rig)

    refused(first, 403, reason)
    assert (second.json()["code"], replayed(second)) == (1, False)


@one_engine
@pytest.mark.parametrize("body", [b"{", b"[]"])
async def test_what_cannot_be_read_frees_the_key(rig: Rig, body: bytes) -> None:
    first = await again(rig, body)
    second = await again(rig)

    refused(first, 400, "bad_json")
    assert (second.json()["code"], replayed(second)) == (1, False)


@one_engine
async def test_a_full_queue_frees_the_key(rig: Rig) -> None:
    async def close_up(tx: Transaction) -> None:
        await tx.run("UPDATE users SET max_waiting = 0")
        await tx.run("UPDATE channel_modes SET running = max_running")

    await rig.gateway.store.write(close_up)
    first, second = await again(rig), await again(rig)

    refused(first, 200, "queue_full", code=23)
    refused(second, 200, "queue_full", code=23)
    assert not replayed(second)


@one_engine
async def test_a_key_may_be_255_characters_long(rig: Rig) -> None:
    long, too_long = await again(rig, key="k" * 255), await again(rig, key="k" * 256)

    assert long.json()["code"] == 1
    assert refused(too_long, 200, "bad_field")["properties"]["field"] == "Idempotency-Key"
    assert await rig.balance() == ONE_FOX


async def test_odd_characters_in_a_key_are_only_characters(rig: Rig) -> None:
    key = "' OR 1=1; -- \u00e9\u00ff"
    headers = {b"mj-api-secret": rig.alice.key.encode(), b"Idempotency-Key": key.encode("latin-1")}

    first = await rig.client.post(IMAGINE, json=FOX, headers=headers)
    second = await rig.client.post(IMAGINE, json=FOX, headers=headers)

    assert (served(second), replayed(second)) == (served(first), True)


async def test_after_a_crash_the_repeat_names_the_task(rig: Rig) -> None:
    first = await again(rig)

    async def forget_the_answer(tx: Transaction) -> None:
        await tx.run("UPDATE idempotency SET answer = NULL")

    await rig.gateway.store.write(forget_the_answer)
    second = await again(rig)

    assert served(second)["result"] == served(first)["result"]
    assert replayed(second)
    assert await rig.balance() == ONE_FOX


async def test_a_repeated_upscale_is_the_same_upscale(rig: Rig) -> None:
    grid = await rig.imagine()
    button = (await rig.finished(grid))["buttons"][0]["customId"]
    body = {"taskId": grid, "customId": button}
    path = "/mj/submit/action"

    first, second = await again(rig, body, path=path), await again(rig, body, path=path)
    pressed = await again(rig, body, key="another", path=path)
    pressed_again = await again(rig, body, key="another", path=path)

    assert served(second) == served(first)
    assert pressed.json()["result"] == first.json()["result"]
    assert pressed_again.json()["result"] == first.json()["result"]


async def test_a_stranger_cannot_ask_for_anothers_answer(rig: Rig) -> None:
    await again(rig)

    answer = await rig.client.post(IMAGINE, json=FOX, headers={"Idempotency-Key": "once"})

    refused(answer, 401, "bad_key")
    await untouched(rig, tasks=1)


async def test_after_a_day_the_key_is_free_again(rig: Rig) -> None:
    first = await again(rig)
    rig.clock.pass_by(24 * 3_600_000)
    within = await again(rig)
    rig.clock.pass_by(1)
    after = await again(rig)

    assert (replayed(within), replayed(after)) == (True, False)
    assert within.json()["result"] == first.json()["result"]
    assert after.json()["result"] != first.json()["result"]
