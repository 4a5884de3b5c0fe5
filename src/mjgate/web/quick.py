"""
The short way for what is asked most: `GET /mj/task/{id}/fetch`.

It stands in front of the router, and keeps the encoded answers of tasks that have not changed
since: the version that every change raises is read from the database each time, so an answer is
never older than the row. Everything else takes the long way.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, cast

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mjgate.dialects.mjproxy import encode
from mjgate.domain.account import Caller, Sees
from mjgate.domain.errors import Refused
from mjgate.links import view
from mjgate.store import tasks
from mjgate.store.tasks import Version
from mjgate.web.context import Context
from mjgate.web.respond import JSON, refusal, request_id
from mjgate.web.together import Together

Stamp = tuple[int, int]

KEPT_BYTES: Final = 32 * 1024 * 1024
IDS_MOST: Final = 5_000
"""Of one query for versions."""

_PREFIX: Final = "/mj/task/"
_SUFFIX: Final = "/fetch"


class Answers:
    """
    Encoded tasks by id and stamp, the latest written, up to a number of bytes.

    A stamp is the task's version, and the day until which the addresses in the answer are good.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[int, tuple[Stamp, bytes]] = OrderedDict()

    def get(self, task_id: int, stamp: Stamp) -> bytes | None:
        """The answer, if it has that stamp."""
        kept = self._kept.get(task_id)
        return kept[1] if kept is not None and kept[0] == stamp else None

    def keep(self, task_id: int, stamp: Stamp, body: bytes) -> None:
        """Keep an answer in place of an older one."""
        old = self._kept.pop(task_id, None)
        self._bytes += len(body) - (len(old[1]) if old else 0)
        self._kept[task_id] = stamp, body
        while self._bytes > self._most:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= len(dropped)


class Quick:
    """Answers fetches by itself and leaves the rest to `inner`."""

    def __init__(self, context: Context, inner: ASGIApp) -> None:
        self._context = context
        self._inner = inner
        self._answers = Answers()
        self._versions = Together(self._asked, most=IDS_MOST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = cast("str", scope.get("path", ""))
        if not (path.startswith(_PREFIX) and path.endswith(_SUFFIX) and scope["method"] == "GET"):
            await self._inner(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            caller = await self._context.doors.caller(request)
            body = await self._body(path[len(_PREFIX) : -len(_SUFFIX)], caller)
        except Refused as refused:
            await refusal(refused, request_id(request))(scope, receive, send)
            return
        headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _body(self, task_id: str, caller: Caller) -> bytes:
        reader, links = self._context.gateway.store.reader, self._context.gateway.links
        number = tasks.parse_id(task_id)
        if number is not None and (kept := await self._unchanged(number, caller)) is not None:
            return kept
        task = await tasks.get(reader, task_id, seen_by=caller)
        if not task.state.final:
            self._context.gateway.waiting.add(task.id)
        body = encode(view(task, links))
        self._answers.keep(task.id, (task.version, links.until()), body)
        return body

    async def _unchanged(self, task_id: int, caller: Caller) -> bytes | None:
        """The kept answer, if the task is the caller's and has not changed since."""
        found = await self._versions.of(caller.user_id, task_id)
        if found is not None and found.running:
            self._context.gateway.waiting.add(task_id)
        if found is None or (caller.sees is Sees.OWN and found.token_id != caller.token_id):
            return None
        until = self._context.gateway.links.until()
        return self._answers.get(task_id, (found.version, until))

    async def _asked(self, user_id: int, ids: list[int]) -> Mapping[int, Version]:
        """The versions of a user's tasks: whose they are is part of the query."""
        return await tasks.versions(self._context.gateway.store.reader, ids, user_id=user_id)


_HEADERS: Final = [
    (b"content-type", JSON.encode()),
    (b"cache-control", b"no-store"),
]
