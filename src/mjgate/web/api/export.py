"""/api/mj/self/export and /api/mj/export: the lists as CSV, however long, read as they are sent."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import asdict
from typing import Final

from msgspec.structs import astuple
from starlette.responses import Response, StreamingResponse

from mjgate.domain.task import Task
from mjgate.manage import Forbidden
from mjgate.store import listing, settings
from mjgate.store.listing import NEWEST, Filter
from mjgate.web.api.mj import ADMIN_FILTERS, FILTERS, AdminItem, Item, filter_of, item
from mjgate.web.api.rows import Call, Row, Who, looks
from mjgate.web.visitors import visitor_of

BATCH: Final = 200
"""Tasks that are read and shown at once."""

CHECKED_EVERY: Final = 2.0
"""Seconds between two looks at whether the reader still may."""

_DANGEROUS: Final = frozenset("=+-@\t\r")
_HEADERS: Final = {
    "Content-Disposition": 'attachment; filename="tasks.csv"',
    "Cache-Control": "no-store",
}
TYPE: Final = "text/csv"


async def _own(call: Call) -> Response:
    return await _export(call, filter_of(call, admin=False), admin=False)


async def _all(call: Call) -> Response:
    return await _export(call, filter_of(call, admin=True), admin=True)


async def _export(call: Call, wanted: Filter, *, admin: bool) -> Response:
    if call.request.method == "HEAD":
        return Response(None, 200, _HEADERS, f"{TYPE}; charset=utf-8")
    desk = call.desk
    await desk.store.write(
        settings.audit,
        actor=desk.actor,
        act="tasks exported",
        subject="all tasks" if admin else f"tasks of user {call.visitor.user_id}",
        now=desk.clock.now(),
        after={name: value for name, value in asdict(wanted).items() if value is not None},
    )
    return StreamingResponse(
        lines(call, wanted, admin=admin), 200, _HEADERS, f"{TYPE}; charset=utf-8"
    )


async def lines(
    call: Call,
    wanted: Filter,
    *,
    admin: bool,
    batch: int = BATCH,
    checked_every: float = CHECKED_EVERY,
) -> AsyncGenerator[bytes]:
    """Batches of lines, from the newest task. KeyDisabled, BadKey, Forbidden break it off."""
    kind, links = AdminItem if admin else Item, call.gateway.links
    yield _csv([kind.__struct_fields__])
    loop = asyncio.get_running_loop()
    checked = loop.time()
    async with aclosing(_batches(call, wanted, batch)) as batches:
        async for found in batches:
            if loop.time() - checked > checked_every:
                await _check(call, admin=admin)
                checked = loop.time()
            yield _csv([astuple(item(task, links, admin=admin)) for task in found])


async def _batches(call: Call, wanted: Filter, batch: int) -> AsyncGenerator[list[Task]]:
    """All tasks; while some are shown and sent, the next are looked for."""

    def look(below: int) -> asyncio.Task[list[Task]]:
        reader, limit = call.gateway.store.reader, call.gateway.reading.export
        return asyncio.create_task(
            listing.page(reader, wanted, below=below, size=batch, limit=limit)
        )

    following: asyncio.Task[list[Task]] | None = look(NEWEST)
    try:
        while following is not None:
            found = await following
            following = look(found[-1].id) if len(found) == batch else None
            if found:
                yield found
    finally:
        if following is not None:
            following.cancel()


async def _check(call: Call, *, admin: bool) -> None:
    visitor = await visitor_of(call.context, call.request)
    if admin and not visitor.admin:
        raise Forbidden("Only an admin may do this.")


def _csv(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([safe(value) for value in row] for row in rows)
    return text.getvalue().encode()


def safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in _DANGEROUS:
        return f"'{value}"
    return value


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/mj/self/export", Who.USER, _own,
          "One's own tasks as CSV, all that fit, with the members of the list as columns.",
          gives=TYPE, query=FILTERS),
    looks("/api/mj/export", Who.ADMIN, _all, "Everybody's tasks as CSV.",
          gives=TYPE, query=(*FILTERS, *ADMIN_FILTERS)),
)  # fmt: skip
