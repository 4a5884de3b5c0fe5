"""
Copy results to our files right after success, so that they outlive the channel's links.

A row of `media` says what is to be copied; the worker here claims what is due, and whoever asks
for a picture before that starts, or joins, the same copy. Cuts of a grid and small versions are
made from what is kept.
"""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Final

from mjgate.domain.address import Origin
from mjgate.domain.clock import HOUR, SECOND
from mjgate.domain.image import sniff
from mjgate.domain.media import Kind, Size
from mjgate.domain.task import Task
from mjgate.files import Draft
from mjgate.imaging import BadPicture, Thumbnail
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.copies import Copy, NotMedia
from mjgate.lifecycle.proxied import via
from mjgate.lifecycle.settings import in_force
from mjgate.lifecycle.work import decode
from mjgate.public_http import MEBIBYTE, PASSES, Limits
from mjgate.public_http.errors import BrokenAnswer
from mjgate.store import channels, media, refunds, tasks
from mjgate.store.blobs import Blob
from mjgate.store.database import Transaction
from mjgate.store.media import Item

log = logging.getLogger(__name__)

LEASE: Final = 12 * SECOND
"""How long a claim holds unless it is renewed: what a dead node was copying is taken over soon."""

AT_ONCE: Final = 8
OF_ONE: Final = 4
"""Of one channel: another's results do not wait for one that hangs."""

TRIES: Final = 8
PAUSE_MOST: Final = 2 * HOUR
DECODED_MOST: Final = 64 * MEBIBYTE
"""Bytes of a clip that are taken apart for a poster."""

LIMITS: Final = {
    Kind.IMAGE: Limits(total=120, max_bytes=64 * MEBIBYTE, redirects=3),
    Kind.VIDEO: Limits(total=300, max_bytes=512 * MEBIBYTE, redirects=3),
}

_RENEW: Final = LEASE // 3
_OK: Final = 200


def fetch(gateway: Gateway, item: Item) -> Copy:
    """The copy of it that is under way, or one that begins now; kept when it is complete."""
    key = (item.task_id, item.kind, item.n)
    return gateway.copies.of(key, partial(_fetch, gateway, item, keep=True))


def pass_on(gateway: Gateway, task: Task, kind: Kind, url: str) -> Copy:
    """The same for what is not kept: the picture so far, or what is left of a failed task."""
    item = Item(task.id, kind, 0, Size.WHOLE, "due", url, task.channel_id, 0, "", 0, "")
    return gateway.copies.of((task.id, url), partial(_fetch, gateway, item, keep=False))


def make(gateway: Gateway, item: Item) -> Copy:
    """The making of a cut or a small version, under way or begun now; it is kept at its end."""
    if item.size:
        key = (item.task_id, item.kind, item.n, item.size)
        return gateway.copies.of(key, partial(_shrink, gateway, item))
    return gateway.copies.of((item.task_id, "cut"), partial(_cut, gateway, item.task_id))


async def _fetch(gateway: Gateway, item: Item, copy: Copy, *, keep: bool) -> None:
    channel = await channels.get(gateway.store.reader, item.channel_id or 0)
    opened = gateway.public.open(
        "GET",
        item.source,
        exempt=None if channel is None else Origin.of(channel.base_url),
        limits=LIMITS[item.kind],
        via=via(gateway, channel),
    )
    async with gateway.files.draft() as draft:
        async with gateway.copies.turn(item.source), opened as answer:
            if answer.status in PASSES:
                raise BrokenAnswer(f"The answer is {answer.status}.")
            if answer.status != _OK:
                raise NotMedia(f"the answer is {answer.status}")
            counted = "Transfer-Encoding" not in answer.headers
            length = answer.headers.get("Content-Length", "") if counted else ""
            gateway.checkpoint("archiving")
            await copy.fill(draft, (answer.chunks(), int(length) if length.isdigit() else None))
        if keep:
            await _keep(gateway, item, draft, copy.type)
        copy.end()


async def _keep(gateway: Gateway, item: Item, draft: Draft, media_type: str) -> None:
    pixels = await _pixels(gateway, item, draft)
    held = await gateway.files.keep(draft)
    gateway.checkpoint("copied")
    blob = Blob(held.hash, held.bytes, media_type)
    await gateway.store.write_surely(_keep_in, item, blob, pixels, gateway.clock.now())


async def _keep_in(
    tx: Transaction, item: Item, blob: Blob, pixels: tuple[int, int], now: int
) -> None:
    if any(pixels):
        await tasks.keep_size(tx, item.task_id, *pixels)
    await media.keep(tx, item, blob, now)


async def _pixels(gateway: Gateway, item: Item, draft: Draft) -> tuple[int, int]:
    """Width and height of the task's picture, as its head tells them, else noughts."""
    if item.kind is not Kind.IMAGE or item.n:
        return 0, 0
    try:
        size = await gateway.imaging.probe(await draft.whole())
    except BadPicture:
        return 0, 0
    return size.width, size.height


async def _cut(gateway: Gateway, task_id: int, copy: Copy) -> None:
    grid = await _whole(gateway, task_id, Kind.IMAGE, 0)
    quarters = await gateway.imaging.cut(await gateway.files.read(grid.hash))
    cuts = [await _put(gateway, quarter) for quarter in quarters]
    await gateway.store.write_surely(_keep_cuts_in, task_id, cuts, gateway.clock.now())
    copy.end()


async def _keep_cuts_in(tx: Transaction, task_id: int, cuts: list[Blob], now: int) -> None:
    for n, blob in enumerate(cuts, 1):
        item = await media.find(tx, task_id, Kind.IMAGE, n, Size.WHOLE)
        if item is not None and not item.source:
            await media.keep(tx, item, blob, now)


async def _shrink(gateway: Gateway, item: Item, copy: Copy) -> None:
    whole = await _whole(gateway, item.task_id, item.kind, item.n)
    data = await _still(gateway, whole)
    small = await gateway.imaging.thumbnail(data, Thumbnail(item.size))
    blob = await _put(gateway, small)
    await gateway.store.write_surely(media.add, item, blob, gateway.clock.now())
    copy.end()


async def _still(gateway: Gateway, whole: Item) -> bytes:
    """The picture itself; of a clip its first frame, or else the frame that it started from."""
    if not whole.type.startswith("video/"):
        return await gateway.files.read(whole.hash)
    if whole.bytes <= DECODED_MOST:
        poster = await gateway.imaging.poster(await gateway.files.read(whole.hash))
        if poster is not None:
            return poster
    if whole.kind is Kind.IMAGE:
        raise NotMedia
    return await gateway.files.read(await _start(gateway, whole.task_id))


async def _start(gateway: Gateway, task_id: int) -> str:
    """What a clip began with: a result, a picture that was sent, or its parent's. NotMedia."""
    with suppress(NotMedia):
        return (await _whole(gateway, task_id, Kind.IMAGE, 0)).hash
    task = await tasks.by_id(gateway.store.reader, task_id)
    sent = () if task is None else decode(task.request).images
    if sent and sent[0].hash:
        return sent[0].hash
    if task is None or task.parent_id is None:
        raise NotMedia
    return (await _whole(gateway, task.parent_id, Kind.IMAGE, 0)).hash


async def _whole(gateway: Gateway, task_id: int, kind: Kind, n: int) -> Item:
    """The row of what is kept, after a copy or a cut if need be. NotMedia if there is none."""
    item = await media.find(gateway.store.reader, task_id, kind, n, Size.WHOLE)
    if item is not None and not item.kept and not item.purged:
        await (fetch if item.source else make)(gateway, item).finished()
        item = await media.find(gateway.store.reader, task_id, kind, n, Size.WHOLE)
    if item is None or not item.kept:
        raise NotMedia
    return item


async def _put(gateway: Gateway, data: bytes) -> Blob:
    return Blob(await gateway.files.put(data), len(data), sniff(data) or "image/webp")


class Archivist:
    """The worker: claims what is due, as much as it has hands for, and renews its claims."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._at_work: dict[asyncio.Task[None], Item] = {}
        self._renewed = 0

    async def step(self) -> bool:
        """Begin what is due; True if there may be more at once."""
        gateway, now = self._gateway, self._gateway.clock.now()
        free = AT_ONCE - len(self._at_work)
        if free and not gateway.disk.full and await media.any_due(gateway.store.reader, now):
            found = await gateway.store.write(
                media.claim,
                gateway.node,
                now=now,
                until=now + LEASE,
                limit=free,
                busy=self._busy(),
                of_one=OF_ONE,
            )
            for item in found:
                task = asyncio.create_task(self._work(item))
                self._at_work[task] = item
                task.add_done_callback(self._at_work.pop)
        await self._renew(now)
        if len(self._at_work) < AT_ONCE:
            return False
        await asyncio.wait(self._at_work, timeout=1, return_when=asyncio.FIRST_COMPLETED)
        return True

    def _busy(self) -> list[int]:
        """Channels that have all the hands they may have."""
        hands = Counter(item.channel_id for item in self._at_work.values())
        return [each for each, n in hands.items() if each is not None and n >= OF_ONE]

    async def settle(self) -> None:
        """Wait until nothing is at work."""
        while self._at_work:
            await asyncio.wait(self._at_work)

    async def close(self) -> None:
        """Leave what is at work to whoever claims it next."""
        for task in tuple(self._at_work):
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _renew(self, now: int) -> None:
        if self._at_work and now - self._renewed >= _RENEW:
            self._renewed = now
            items = list(self._at_work.values())
            await self._gateway.store.write(media.renew, items, self._gateway.node, now + LEASE)

    async def _work(self, item: Item) -> None:
        try:
            await (fetch if item.source else make)(self._gateway, item).finished()
        except Exception as error:  # noqa: BLE001  logged where it happened; tried again like others
            await self._put_off(item, error)
        else:
            await self._shrunk(item)

    async def _shrunk(self, item: Item) -> None:
        """Make the version that lists show too. Without it whoever asks first waits, no more."""
        if item.kind is Kind.IMAGE and item.n == 0:
            small = item._replace(size=Size.SMALL, source="")
            await make(self._gateway, small).done.wait()

    async def _put_off(self, item: Item, error: Exception) -> None:
        """Try again later; after the last time it is lost, and a setting says what follows."""
        gateway, last = self._gateway, item.tries + 1 >= TRIES
        pause = min(gateway.timing.archive_first * 3**item.tries, PAUSE_MOST)
        if last:
            await _lose(gateway, item)
        else:
            await gateway.store.write(media.put_off, item, gateway.clock.now() + pause)
        told = {"task": item.task_id, "kind": item.kind, "n": item.n, "why": str(error)}
        log.log(logging.ERROR if last else logging.INFO, "a result was not copied", extra=told)


async def _lose(gateway: Gateway, item: Item) -> None:
    """No more tries. Where a setting says so, a task without its result is paid back, once."""
    await gateway.store.write(media.put_off, item, None)
    settings = await in_force(gateway)
    if settings.media_lost_refunds and item.source and item.n == 0:
        await gateway.store.write(_pay_back, item.task_id, gateway.clock.now())


async def _pay_back(tx: Transaction, task_id: int, now: int) -> None:
    task = await tasks.locked(tx, task_id)
    paid = 0 if task is None else refunds.left(task)
    if task is not None and paid:
        await refunds.refund(tx, task, paid, actor="archive", reason="result lost", now=now)
