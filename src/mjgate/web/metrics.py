"""GET /metrics, for Prometheus: with its own token, or from this machine."""

import hmac
from collections import Counter
from ipaddress import ip_address
from typing import Final

from prometheus_client.metrics_core import Metric
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.domain.alert import Cause
from mjgate.domain.clock import SECOND
from mjgate.domain.errors import BadKey
from mjgate.lifecycle import Gateway
from mjgate.metrics import TYPE, Labels, gauge
from mjgate.store import alerts, channels, now, tally
from mjgate.web.context import Context
from mjgate.web.respond import NO_STORE
from mjgate.web.spots import Door, Spot, made_of

_FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip")


def routes(context: Context) -> list[Route]:
    """One address."""
    return made_of(context, SPOTS)


async def _metrics(context: Context, request: Request) -> Response:
    if not may_read(context.settings.metrics_token, request):
        msg = "/metrics opens to its own token (MJGATE_METRICS_TOKEN) or from this machine."
        raise BadKey(msg)
    gateway = context.gateway
    found = [*await _database(gateway), *_process(gateway, context.watching.open)]
    return Response(gateway.metrics.text(found), 200, NO_STORE, TYPE)


def may_read(token: str, request: Request) -> bool:
    """
    Whether the request shows the token, or comes from this machine itself.

    A proxy on this machine that hands on others' requests is not believed to be alone.
    """
    shown = request.headers.get("authorization", "").partition(" ")
    if token and shown[0].lower() == "bearer":
        return hmac.compare_digest(shown[2].strip().encode(), token.encode())
    if any(name in request.headers for name in _FORWARDED):
        return False
    address = request.state.address
    return bool(address) and ip_address(address).is_loopback


async def _database(gateway: Gateway) -> list[Metric]:
    """What the database knows, the same on every node."""
    reader, moment = gateway.store.reader, gateway.clock.now()
    queues, backlog = await now.queues(reader), await now.backlog(reader)
    wrong = await alerts.of(reader)
    known = await channels.all_in_use(reader)
    loads = await channels.loads(reader)

    def age(since: int | None) -> float:
        return 0 if since is None else max(moment - since, 0) / SECOND

    running: list[tuple[Labels, float]] = [
        ((str(each.id), mode.value), load.running)
        for each in known
        for mode, load in loads.get(each.id, {}).items()
    ]
    return [
        gauge("tasks", "All tasks ever, as far as they are added up: accepted, and how they ended.",
              (await tally.ever(reader)).items(), ("outcome", "action", "mode")),
        gauge("queue_depth", "Tasks that wait for a channel.",
              [((lane,), each.count) for lane, each in queues.items()], ("lane",)),
        gauge("queue_oldest_seconds", "How long the first of them has waited.",
              [((lane,), age(each.since)) for lane, each in queues.items()], ("lane",)),
        gauge("alerts_open", "What is wrong, as alerts tell it; a drift of the ledger among it.",
              Counter((each.cause.value,) for each, _ in wrong.values()).items(), ("cause",)),
        gauge("ledger_drift", "1 while the books do not balance; they are checked each hour.",
              [((), float(any(each.cause is Cause.LEDGER_DRIFT for each, _ in wrong.values())))]),
        gauge("webhook_backlog", "Webhook events that are to be delivered.",
              [((), backlog.count)]),
        gauge("webhook_oldest_seconds", "How old the first of them is.",
              [((), age(backlog.since))]),
        gauge("channel_up", "1 while a channel is enabled and not broken.",
              [((str(each.id), each.name), float(not each.down)) for each in known],
              ("channel", "name")),
        gauge("channel_running", "Tasks that a channel works on.", running, ("channel", "mode")),
    ]  # fmt: skip


def _process(gateway: Gateway, streams: int) -> list[Metric]:
    """What only this process knows."""
    changes, disk = gateway.store.changes, gateway.disk
    free: list[tuple[Labels, float]] = [] if disk.free is None else [((), disk.free)]
    return [
        gauge("streams_open", "Event streams that are open.", [((), streams)]),
        gauge("feed_up", "1 while changes of other processes are heard.",
              [((), float(changes.hears))]),
        gauge("feed_losses", "How often changes of others may have been missed.",
              [((), changes.losses)]),
        gauge("disk_free_bytes", "Room on the disk of the data directory.", free),
    ]  # fmt: skip


SPOTS: Final = (
    Spot(
        path="/metrics",
        does=_metrics,
        door=Door.METRICS,
        summary="What was counted and how things stand, for Prometheus.",
        gives="text/plain",
    ),
)
"""What has a token of its own."""
