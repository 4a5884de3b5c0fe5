"""Receivers of every kind: with a key's own secret, that redirect, that never answer."""

import time
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from mjgate.domain.clock import SECOND
from mjgate.keys import Purpose
from mjgate.store.database import Transaction
from tests.lifecycle.receiver import Got, Receiver, deliver, receiving, status
from tests.rig import HOOK_SECRET, Rig

KEYS_OWN = "whsec_YSBzZWNyZXQgb2YgdGhpcyBrZXkgYWxvbmU="
KEYS_NEXT = "whsec_dGhlIG5leHQgc2VjcmV0IG9mIHRoaXMga2V5"


async def give(rig: Rig, *secrets: str) -> None:
    """Give Alice's key secrets of its own."""
    sealed = rig.gateway.keys.encrypt(Purpose.WEBHOOK, " ".join(secrets))

    async def write(tx: Transaction) -> None:
        await tx.run(
            "UPDATE tokens SET hook_secret_enc = :sealed WHERE id = :id",
            sealed=sealed,
            id=rig.alice.token_id,
        )

    await rig.gateway.store.write(write)


def signed(got: Got, secret: str) -> str:
    at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(got.headers["webhook-id"], at, got.body.decode())


async def test_a_key_with_a_secret_of_its_own_signs_with_that_and_others_with_their_users(
    hooked: Rig, receiver: Receiver
) -> None:
    await give(hooked, KEYS_OWN)
    mine = await hooked.imagine(notifyHook=receiver.url())
    answer = await hooked.post(
        "/mj/submit/imagine", {"prompt": "a fox", "notifyHook": receiver.url()}, by=hooked.bob
    )
    assert answer.json()["code"] == 1

    await deliver(hooked)

    by_task = {got.json["id"]: got for got in receiver.got}
    own, usual = by_task[mine], by_task[answer.json()["result"]]
    assert own.headers["webhook-signature"] == signed(own, KEYS_OWN)
    assert usual.headers["webhook-signature"] == signed(usual, HOOK_SECRET)


async def test_while_a_keys_secret_is_replaced_both_sign(hooked: Rig, receiver: Receiver) -> None:
    await give(hooked, KEYS_OWN, KEYS_NEXT)
    await hooked.imagine(notifyHook=receiver.url())

    await deliver(hooked)

    (got,) = receiver.got
    assert got.headers["webhook-signature"].split() == [
        signed(got, KEYS_OWN),
        signed(got, KEYS_NEXT),
    ]
    for secret in (KEYS_OWN, KEYS_NEXT):
        assert signed(got, secret) in got.headers["webhook-signature"]


async def test_a_redirect_is_not_followed_wherever_it_leads(
    hooked: Rig, receiver: Receiver
) -> None:
    async with receiving() as inside:
        receiver.answer = lambda _: status(302, more=f"Location: {inside.url('/inside')}\r\n")
        task_id = await hooked.imagine(notifyHook=receiver.url())
        await deliver(hooked)

    rows = await hooked.gateway.store.reader.rows(
        "SELECT d.status, o.status AS now FROM deliveries d JOIN outbox o ON o.task_id = d.task_id"
        " WHERE d.task_id = :id",
        id=int(task_id),
    )
    assert inside.got == []
    assert [tuple(row) for row in rows] == [(302, "due")]


@pytest.mark.slow
async def test_who_never_answers_is_given_ten_seconds(hooked: Rig, receiver: Receiver) -> None:
    receiver.answer = lambda _: None
    task_id = await hooked.imagine(notifyHook=receiver.url())
    began = time.monotonic()

    await deliver(hooked)

    took = time.monotonic() - began
    row = await hooked.gateway.store.reader.row(
        "SELECT d.status, d.error, d.took, o.due_at FROM deliveries d JOIN outbox o"
        " ON o.task_id = d.task_id WHERE d.task_id = :id",
        id=int(task_id),
    )
    assert row is not None
    assert 9 <= took < 15
    assert (row["status"], bool(row["error"])) == (None, True)
    assert 9 * SECOND <= row["took"] < 15 * SECOND
    assert row["due_at"] > hooked.clock.now()
