"""Alerts: the operator hears of what is wrong once an hour, and when it is over."""

import asyncio
import platform
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from mjgate.domain.alert import Cause
from mjgate.domain.clock import HOUR, MINUTE, SECOND
from mjgate.domain.errors import Rejected
from mjgate.domain.reasons import Verdict
from mjgate.lifecycle.alerts import Mail, watch
from mjgate.lifecycle.breaker import heard
from mjgate.lifecycle.hooks import global_secrets
from mjgate.store import alerts, broken, channels, receivers
from mjgate.store.database import Transaction
from mjgate.store.receivers import Pause
from tests.lifecycle.mailbox import Mailbox, taking_mail
from tests.lifecycle.receiver import OK, Receiver, status
from tests.rig import Json, MakeRig, Rig

BROKEN = "channel_down"


@pytest.fixture
async def mailbox(loopback: None) -> AsyncGenerator[Mailbox]:
    del loopback
    async with taking_mail() as found:
        yield found


@pytest.fixture
async def watched(make_rig: MakeRig, receiver: Receiver) -> Rig:
    """A gateway whose operator is told at the receiver."""
    rig = await make_rig(allow_private=("127.0.0.1",))
    await rig.set("alert_url", value=receiver.url("/alerts"))
    return rig


async def shut(rig: Rig) -> None:
    await rig.gateway.store.write(broken.shut, rig.channel_id, 0, 0)


async def mend(rig: Rig) -> None:
    await rig.gateway.store.write(broken.mend, rig.channel_id)


async def passes(rig: Rig, time: int) -> None:
    """Let time pass, then look once."""
    rig.clock.pass_by(time)
    await watch(rig.gateway)


def told(receiver: Receiver) -> list[tuple[str, str]]:
    return [(each.json["cause"], each.json["state"]) for each in receiver.got]


async def opened(rig: Rig) -> dict[str, Json]:
    found = await alerts.of(rig.gateway.store.reader)
    return {alert.cause.value: alert for alert, _ in found.values()}


async def test_a_channel_that_is_down_is_told_once_an_hour_and_when_it_is_over(
    watched: Rig, receiver: Receiver
) -> None:
    await watch(watched.gateway)
    await shut(watched)
    for pause in (0, MINUTE, 30 * MINUTE, 30 * MINUTE, MINUTE):
        await passes(watched, pause)
    await mend(watched)
    await passes(watched, MINUTE)
    await passes(watched, 2 * HOUR)

    assert told(receiver) == [(BROKEN, "open"), (BROKEN, "open"), (BROKEN, "over")]
    first = receiver.got[0].json
    assert (first["type"], first["subject"]) == ("alert", "main")
    assert first["command"] == "mjgate channel test main"
    assert first["runbook"] == "docs/runbook.md#channel_down"
    assert "main" in first["text"]


async def test_an_alert_is_signed_as_every_webhook_is(watched: Rig, receiver: Receiver) -> None:
    await shut(watched)
    await watch(watched.gateway)

    got = receiver.got[0]
    secret = global_secrets(watched.gateway.keys)[0]
    at = datetime.fromtimestamp(watched.clock.now() // SECOND, UTC)
    expected = Webhook(secret).sign(got.headers["webhook-id"], at, got.body.decode())
    assert got.headers["webhook-timestamp"] == str(watched.clock.now() // SECOND)
    assert got.headers["webhook-signature"] == expected


async def test_what_comes_and_goes_is_told_no_oftener_than_once_an_hour(
    watched: Rig, receiver: Receiver
) -> None:
    for _ in range(5):
        await shut(watched)
        await passes(watched, MINUTE)
        await mend(watched)
        await passes(watched, MINUTE)

    assert told(receiver).count((BROKEN, "open")) == 1
    await shut(watched)
    await passes(watched, HOUR)
    assert told(receiver).count((BROKEN, "open")) == 2


async def test_however_many_nodes_look_one_of_them_tells(watched: Rig, receiver: Receiver) -> None:
    nodes = [replace(watched.gateway, node=f"node-{n}") for n in range(4)]
    await shut(watched)

    await asyncio.gather(*map(watch, nodes))

    assert told(receiver) == [(BROKEN, "open")]


async def test_what_could_not_be_told_is_told_a_minute_later_under_the_same_id(
    watched: Rig, receiver: Receiver
) -> None:
    receiver.answer = lambda _: status(502)
    await shut(watched)
    await watch(watched.gateway)
    receiver.answer = lambda _: OK

    await passes(watched, MINUTE)
    await passes(watched, MINUTE)

    assert told(receiver) == [(BROKEN, "open")] * 2
    assert len({each.headers["webhook-id"] for each in receiver.got}) == 1


async def test_mail_says_what_is_wrong_and_what_to_type(rig: Rig, mailbox: Mailbox) -> None:
    mail = Mail("127.0.0.1", mailbox.port, "mjgate@gateway.test")
    await rig.set("alert_mail", value="ops@example.test, night@example.test")
    await shut(rig)
    mailbox.takes = False
    await watch(rig.gateway, mail)
    mailbox.takes = True
    rig.clock.pass_by(MINUTE)

    await watch(rig.gateway, mail)

    (message,) = mailbox.mails
    text = message.get_content()
    assert message["Subject"] == "[mjgate] channel_down main"
    assert message["From"] == "mjgate@gateway.test"
    assert mailbox.to == ["ops@example.test", "night@example.test"]
    assert "Next: mjgate channel test main" in text
    assert "More: docs/runbook.md#channel_down" in text


async def test_a_server_that_is_away_costs_nothing_but_a_minute(rig: Rig) -> None:
    await rig.set("alert_mail", value="ops@example.test")
    await shut(rig)

    await watch(rig.gateway, Mail("127.0.0.1", 9, "mjgate@gateway.test"))

    assert list(await opened(rig)) == [BROKEN]


async def test_a_password_is_not_said_in_the_open(rig: Rig, mailbox: Mailbox) -> None:
    mail = Mail("127.0.0.1", mailbox.port, "a@gateway.test", user="me", password="hush-hush")
    await rig.set("alert_mail", value="ops@example.test")
    await shut(rig)

    await watch(rig.gateway, mail)

    assert mailbox.mails == []
    assert set(mailbox.verbs) <= {"EHLO", "QUIT"}  # no AUTH


async def test_an_address_inside_is_not_told(make_rig: MakeRig, receiver: Receiver) -> None:
    rig = await make_rig()
    await rig.set("alert_url", value=receiver.url())
    await shut(rig)

    await watch(rig.gateway)

    assert receiver.got == []


async def test_a_key_that_is_refused_is_an_alert_until_it_works_for_a_while(
    watched: Rig, receiver: Receiver
) -> None:
    channel = await channels.get(watched.gateway.store.reader, watched.channel_id)
    assert channel is not None
    await heard(watched.gateway, channel, Rejected(Verdict.CREDENTIAL, "who are you"))

    await watch(watched.gateway)
    await passes(watched, 10 * MINUTE)
    await passes(watched, 6 * MINUTE)

    assert told(receiver) == [("credential_fault", "open"), ("credential_fault", "over")]
    assert receiver.got[0].json["command"] == "mjgate channel set-secret main --secret -"


async def test_everything_else_that_may_be_wrong_is_seen(rig: Rig) -> None:
    gateway = rig.gateway
    await rig.set("alert_webhook_backlog", value=1)
    await gateway.store.write(_spoil, rig.channel_id)
    gateway.forget()
    await rig.post("/mj/submit/imagine", {"prompt": "a fox", "notifyHook": "https://a.example/"})
    await gateway.store.write(
        receivers.pause, rig.bob.user_id, "https://b.example/x", Pause.GONE, rig.clock.now()
    )
    await gateway.store.write(_an_event)
    gateway.disk.free, gateway.disk.reserve = 5, 10

    await passes(rig, 31 * MINUTE)

    found = await opened(rig)
    assert set(found) == set(Cause) - {Cause.CHANNEL_DOWN, Cause.CREDENTIAL_FAULT}
    assert found["disk_low"].subject == platform.node()
    assert "bob https://b.example/x" in found["receiver_paused"].text
    assert found["queue_old"].text.startswith("1 tasks wait")
    answer = await rig.client.get("/metrics")
    assert "mjgate_ledger_drift 1.0" in answer.text


async def _spoil(tx: Transaction, channel_id: int) -> None:
    """A channel without a slot, and books that say more is spent than anything explains."""
    await tx.run("UPDATE channel_modes SET max_running = 0 WHERE channel_id = :id", id=channel_id)
    await tx.run("UPDATE users SET balance = balance - 5, spent = spent + 5 WHERE username = 'bob'")


async def _an_event(tx: Transaction) -> None:
    await tx.run(
        """
        INSERT INTO outbox (task_id, seq, kind, user_id, token_id, url, endpoint, state,
            progress, made_at, due_at)
        VALUES (1, 1, 'final', 1, 1, 'https://a.example/', 'https://a.example/',
            'SUCCESS', 100, 0, 0)
        """
    )
