"""
How long what is kept is kept: for ever, unless settings say otherwise; and what nobody needs goes.

Contents are deleted in two steps. First the row of a content goes, in the transaction that checks
that nobody needs it; then its bytes, unless they were put anew meanwhile.
"""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mjgate.domain.clock import DAY, HOUR, Clock
from mjgate.domain.media import Kind
from mjgate.files import Blobs
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.settings import in_force
from mjgate.store import retention
from mjgate.store.database import Database
from mjgate.store.retention import PAGE, Need

log = logging.getLogger(__name__)

UNNEEDED: Final = 1 * HOUR
"""How long a content that nobody needs stays: somebody may be about to need it."""

ORPHANED: Final = 1 * DAY
"""How long bytes stay that are not written down at all, inputs of submits that were refused."""

_GIBIBYTE: Final = 1 << 30
_MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has removed."""

    contents: int
    orphans: int
    drafts: int


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether every row has its bytes and every byte its row."""

    rows: int
    contents: int
    missing: tuple[Need, ...]
    strange: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether all is as it should be."""
        return not (self.missing or self.strange)


async def measure(gateway: Gateway) -> bool:
    """See how much room is left."""
    settings = await in_force(gateway)
    gateway.disk.reserve = settings.disk_reserve_mib * _MEBIBYTE
    free = await gateway.files.free()
    if gateway.store.engine == "sqlite":
        free = min(free, shutil.disk_usage(Path(gateway.store.where).parent).free)
    was, gateway.disk.free = gateway.disk.low, free
    if gateway.disk.low is not was:
        told = {"free": free, "reserve": gateway.disk.reserve}
        log.warning("the disk is %s", "low" if gateway.disk.low else "fine again", extra=told)
    return False


async def purge(gateway: Gateway) -> bool:
    """Let go what the settings do not keep any longer. True if there may be more."""
    settings, now = await in_force(gateway), gateway.clock.now()
    days = {Kind.IMAGE: settings.media_picture_days, Kind.VIDEO: settings.media_clip_days}
    gone = 0
    for kind, kept in days.items():
        if kept:
            before = now - kept * DAY
            gone += await gateway.store.write(retention.purge_older, kind, before, now)
    if settings.media_gib:
        most = settings.media_gib * _GIBIBYTE
        gone += await gateway.store.write(retention.purge_beyond, most, now)
    if gone:
        log.info("results were let go", extra={"rows": gone})
    more = await forget_unneeded(gateway.store, gateway.files, gateway.clock)
    return gone >= PAGE or more >= PAGE


async def forget_unneeded(store: Database, files: Blobs, clock: Clock) -> int:
    """Delete a page of contents that nobody has needed for a while; how many."""
    before = clock.now() - UNNEEDED
    hashes = await store.write(retention.unneeded, before)
    for content_hash in hashes:
        await files.delete(content_hash, unless_since=before)
    return len(hashes)


async def sweep(store: Database, files: Blobs, clock: Clock) -> Swept:
    """Delete everything that nobody needs: contents, bytes without a row, drafts of the dead."""
    contents = 0
    while gone := await forget_unneeded(store, files, clock):
        contents += gone
    orphans, before = 0, clock.now() - ORPHANED
    for content_hash in await _strange(store, files, before):
        orphans += await files.delete(content_hash, unless_since=before)
    return Swept(contents, orphans, await files.tidy(before=before))


async def verify(store: Database, files: Blobs, clock: Clock) -> Verified:
    """Compare rows and bytes, both ways; bytes of today may still get their row."""
    there = {held.hash: held.bytes async for held in files.each()}
    missing: list[Need] = []
    rows, last = 0, None
    while page := await retention.needs(store.reader, last):
        rows, last = rows + len(page), page[-1]
        missing += [need for need in page if there.get(need.hash) != need.bytes]
    strange = await _strange(store, files, clock.now() - ORPHANED)
    return Verified(rows, len(there), tuple(missing), tuple(strange))


async def _strange(store: Database, files: Blobs, before: int) -> list[str]:
    """Bytes that no content is written down for, although they are here since before then."""
    found: list[str] = []
    page: list[str] = []
    async for held in files.each():
        if held.at < before:
            page.append(held.hash)
        if len(page) == PAGE:
            found += await _unknown(store, page)
            page = []
    return found + await _unknown(store, page)


async def _unknown(store: Database, hashes: list[str]) -> list[str]:
    known = await retention.known(store.reader, hashes)
    return [each for each in hashes if each not in known]
