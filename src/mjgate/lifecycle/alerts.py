"""
Alerts: look now and then for what an operator should know, and tell him, by webhook or by mail.

Every node looks; a row for each thing that is wrong sees to it that one of them tells it, once an
hour while it lasts, and once when it is over.
"""

import json
import logging
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from mjgate.domain import webhook
from mjgate.domain.alert import Alert, Cause, Told
from mjgate.domain.channel import ChannelStatus
from mjgate.domain.clock import DAY, HOUR, MINUTE
from mjgate.domain.settings import Settings
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.hooks import global_secrets
from mjgate.lifecycle.notify import send
from mjgate.lifecycle.settings import in_force
from mjgate.store import alerts, channels, ledger, now
from mjgate.store.database import Transaction

log = logging.getLogger(__name__)

LATE: Final = 1 * MINUTE
"""After so long an event counts as one that nobody delivers."""

FAULT_LASTS: Final = 15 * MINUTE
"""So long after the last refusal of a key it counts as good again, if its channel works."""

AGAIN: Final = 1 * MINUTE
CHECKED: Final = 1 * HOUR
NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Mail:
    """A server that takes mail; the password goes over an encrypted connection alone."""

    host: str
    port: int
    sender: str
    encrypted: bool = False  # from the first byte; else as soon as the server offers it
    user: str = ""
    password: str = field(default="", repr=False)

    async def post(self, to: Sequence[str], title: str, lines: Sequence[str]) -> None:
        """Send one mail. SMTPException, OSError, ValueError."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, ", ".join(to), title
        message.set_content("\n".join(lines))
        await aiosmtplib.send(
            message,
            hostname=self.host,
            port=self.port,
            use_tls=self.encrypted,
            start_tls=True if self.password and not self.encrypted else None,
            username=self.user or None,
            password=self.password or None,
            timeout=20,
        )


async def watch(gateway: Gateway, mail: Mail | None = None) -> bool:
    """Look at everything once, and tell what is due."""
    moment, settings = gateway.clock.now(), await in_force(gateway)
    wrong = [
        *await _channels(gateway),
        *await _queue(gateway, settings),
        *await _webhooks(gateway, settings),
        *_disk(gateway),
    ]
    checked = await gateway.store.write(alerts.take_check, moment, moment + CHECKED)
    wrong += await _ledger(gateway) if checked else []
    known = await alerts.of(gateway.store.reader)
    over = await _over(gateway, known, wrong, checked=checked)
    if wrong or over:
        await gateway.store.write(_note, wrong, over, now=moment)
    for told in await gateway.store.write(alerts.claim, moment):
        log.warning("alert", extra=_named(told))
        if not await _tell(gateway, told, settings, mail):
            await gateway.store.write(alerts.again, told, moment + AGAIN)
    return False


async def _note(tx: Transaction, wrong: Sequence[Alert], over: Sequence[str], *, now: int) -> None:
    await alerts.seen(tx, wrong, now)
    await alerts.end(tx, over, now)


async def _channels(gateway: Gateway) -> list[Alert]:
    known = await channels.all_in_use(gateway.store.reader)
    text = "The channel {} keeps failing and gets no new work; tasks that run there are looked at."
    return [
        Alert(Cause.CHANNEL_DOWN, each.name, text.format(each.name))
        for each in known
        if each.down and each.status is ChannelStatus.ENABLED
    ]


async def _queue(gateway: Gateway, settings: Settings) -> list[Alert]:
    lanes = await now.queues(gateway.store.reader)
    since = min((each.since for each in lanes.values() if each.since is not None), default=None)
    limit = settings.alert_queue_minutes * MINUTE
    if since is None or not limit or gateway.clock.now() - since < limit:
        return []
    waiting = sum(each.count for each in lanes.values())
    text = (
        f"{waiting} tasks wait for a channel, the first for more than"
        f" {settings.alert_queue_minutes} minutes."
    )
    return [Alert(Cause.QUEUE_OLD, "", text)]


async def _webhooks(gateway: Gateway, settings: Settings) -> list[Alert]:
    reader, moment = gateway.store.reader, gateway.clock.now()
    found: list[Alert] = []
    limit = settings.alert_webhook_backlog
    if limit and await now.overdue(reader, moment - LATE, limit) >= limit:
        text = f"{limit} or more webhook events are due for a minute, and nobody sends them."
        found.append(Alert(Cause.WEBHOOK_BACKLOG, "", text))
    paused = await alerts.paused_since(reader, moment - DAY, NAMED + 1)
    if paused:
        more = " …" if len(paused) > NAMED else ""
        text = f"Receivers that get nothing more since today: {'; '.join(paused[:NAMED])}{more}"
        found.append(Alert(Cause.RECEIVER_PAUSED, "", text))
    return found


def _disk(gateway: Gateway) -> list[Alert]:
    disk = gateway.disk
    if not disk.low:
        return []
    text = f"{disk.free} bytes of disk are left, {disk.reserve} are to stay: no tasks are taken."
    return [Alert(Cause.DISK_LOW, platform.node(), text)]


async def _ledger(gateway: Gateway) -> list[Alert]:
    """What is broken in two checks running: money that moves meanwhile may spoil one."""
    found = (await ledger.check(gateway.store.reader)).broken
    if found:
        again = set((await ledger.check(gateway.store.reader)).broken)
        found = tuple(each for each in found if each in again)
    if not found:
        return []
    return [Alert(Cause.LEDGER_DRIFT, "", f"{len(found)} sums do not agree: {found[0]}"[:500])]


async def _over(
    gateway: Gateway,
    known: dict[str, tuple[Alert, int]],
    wrong: Sequence[Alert],
    *,
    checked: bool,
) -> list[str]:
    """The keys of what was open and is no more, as far as this node can tell."""
    seen = {each.key for each in wrong}
    down = {each.subject for each in wrong if each.cause is Cause.CHANNEL_DOWN}
    moment = gateway.clock.now()
    found: list[str] = []
    for key, (alert, seen_at) in known.items():
        match alert.cause:
            case Cause.DISK_LOW if alert.subject != platform.node():
                ended = moment - seen_at > DAY
            case Cause.LEDGER_DRIFT:
                ended = checked
            case Cause.CREDENTIAL_FAULT:
                ended = moment - seen_at > FAULT_LASTS and alert.subject not in down
            case _:
                ended = True
        if ended and key not in seen:
            found.append(key)
    return found


async def _tell(gateway: Gateway, told: Told, settings: Settings, mail: Mail | None) -> bool:
    """Whether everybody heard of it who should."""
    well = True
    if settings.alert_url:
        well = await _post(gateway, told, settings.alert_url)
    if settings.alert_mail and mail is not None:
        to = [each.strip() for each in settings.alert_mail.split(",") if each.strip()]
        try:
            await mail.post(to, told.title, told.lines())
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            log.warning("an alert could not be mailed", extra={"why": str(error)})
            well = False
    return well


async def _post(gateway: Gateway, told: Told, url: str) -> bool:
    body = json.dumps({"type": "alert", **_named(told)}, ensure_ascii=False).encode()
    secrets = global_secrets(gateway.keys)
    headers = webhook.headers(told.id, body, secrets, at=gateway.clock.now())
    status, error, _ = await send(gateway, url, headers, body)
    if not webhook.delivered(status):
        log.warning("an alert could not be sent", extra={"status": status, "why": error})
    return webhook.delivered(status)


def _named(told: Told) -> dict[str, object]:
    alert = told.alert
    return {
        "cause": alert.cause.value,
        "subject": alert.subject,
        "state": "over" if told.over else "open",
        "since": told.since,
        "text": alert.text,
        "command": alert.command,
        "runbook": alert.section,
    }
