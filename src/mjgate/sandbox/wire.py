"""From a request to a submit and back: keys, bodies, refusals."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mjgate.domain.action import Mode, Rule
from mjgate.domain.errors import BadJson, BadKey, Refused, TooLarge
from mjgate.domain.order import Body
from mjgate.sandbox import answers, faults
from mjgate.sandbox.answers import Answer
from mjgate.sandbox.faults import Faults
from mjgate.sandbox.settings import SandboxSettings
from mjgate.sandbox.submit import Desk

BODY_MOST: Final = 64 * 1024 * 1024

PREFIXES: Final[dict[str, Mode | None]] = {
    "/mj/mj": None,
    "/mj": None,
    **{f"/mj-{mode.lower()}/mj": mode for mode in Mode},
    **{f"/{mode.lower()}/mj": mode for mode in Mode},
}
"""Where the task protocol is served, and the mode that a prefix asks for."""

Handler = Callable[[Request], Awaitable[Response]]
Writer = Callable[[Answer, Faults], Response]
ErrorWriter = Callable[[int, str, str], Response]


class Wire:
    """Wraps handlers in what all of them need."""

    def __init__(self, settings: SandboxSettings, desk: Desk) -> None:
        self.secret = settings.secret
        self.desk = desk

    def guarded(self, handler: Handler, write: ErrorWriter = answers.error) -> Handler:
        """Only with the key, and refusals as answers; `write` gives them their dialect."""

        async def guarded(request: Request) -> Response:
            try:
                self._check_key(request)
                return await handler(request)
            except Refused as refused:
                return write(refused.status, refused.description, refused.reason)

        return guarded

    def submit(self, rule: Rule, write: Writer = answers.submitted) -> Handler:
        """The handler of one way to submit; `write` gives the answer its dialect."""

        async def submit(request: Request) -> Response:
            try:
                self._check_key(request)
                self.desk.studio.counts.submits += 1
                body = await read_body(request)
                spoil = self.desk.spoil(body)
                response = before(spoil)
                if response is not None:
                    return response
                base_url = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
                mode = PREFIXES.get(request.scope["root_path"])
                answer = self.desk.take(rule, body, spoil, prefix=mode, base_url=base_url)
            except Refused as refused:
                return write(_refusal(refused), faults.NONE)
            return await after(answer, spoil, write)

        return submit

    def _check_key(self, request: Request) -> None:
        if self.secret is None:
            return
        given = (request.headers.get("mj-api-secret"), request.headers.get("authorization"))
        keys = [key.removeprefix("Bearer ").strip() for key in given if key]
        if not any(hmac.compare_digest(key.encode(), self.secret.encode()) for key in keys):
            raise BadKey


def before(spoil: Faults) -> Response | None:
    """What a fault answers before any job is made."""
    if "drop-before-accept" in spoil:
        return answers.Dropped()
    if "http-500" in spoil:
        return answers.plain({"status": 500, "error": "Internal Server Error"}, 500)
    if "html" in spoil:
        return HTMLResponse("<!doctype html><title>Just a moment</title><h1>Checking</h1>")
    return None


async def after(answer: Answer, spoil: Faults, write: Writer) -> Response:
    """The answer, or what a fault makes of it now that the job is there."""
    if "drop-after-accept" in spoil:
        return answers.Dropped()
    pause = faults.seconds(spoil, "slow-submit")
    if pause:
        await asyncio.sleep(pause)
    return write(answer, spoil)


async def read_body(request: Request) -> Body:
    """The JSON object in the body. BadJson, TooLarge."""
    pieces: list[bytes] = []
    length = 0
    async for piece in request.stream():
        length += len(piece)
        if length > BODY_MOST:
            raise TooLarge(f"A body may have at most {BODY_MOST} bytes.")
        pieces.append(piece)
    try:
        body: object = msgspec.json.decode(b"".join(pieces))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadJson from problem
    if not isinstance(body, dict):
        raise BadJson
    return cast("Mapping[str, object]", body)


def _refusal(refused: Refused) -> Answer:
    told: dict[str, object] = {"reason": refused.reason}
    if refused.field:
        told["field"] = refused.field
    return Answer(
        code=refused.code,
        description=refused.description,
        properties=told | refused.properties,
        status=refused.status,
    )
