"""A conversation with a server: how it is asked, and what has been learned of it."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from mjgate.dialects import Call, Heard
from mjgate.dialects.values import Json, decode, integer, mapping
from mjgate.domain.errors import Unanswered
from mjgate.domain.finding import Finding
from mjgate.domain.task import Report
from mjgate.providers import auth_headers
from mjgate.upstream import Endpoint, Upstream


@dataclass(slots=True)
class Talk:
    """
    Whom we ask, and what is known so far.

    `options` are those of a channel that differ from the usual, `patience` the seconds that a
    picture may take, `pause` those between two looks at it, `drawn` the picture of the paid probes.
    """

    upstream: Upstream
    base_url: str
    secret: str = field(repr=False)
    patience: float = 600.0
    pause: float = 2.0
    options: dict[str, str] = field(default_factory=dict[str, str])
    drawn: Report | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        secret: str | None = None,
        auth: str = "",
    ) -> Heard:
        """Ask with our key, or with another; twice if the first stays unanswered. Unanswered."""
        how = {"auth": auth} if auth else self.options
        headers = auth_headers(how, self.secret if secret is None else secret)
        endpoint = Endpoint(self.base_url, headers)
        call = Call(method, path, body)
        with suppress(Unanswered):  # perhaps a connection that it had just closed
            return await self.upstream.look(endpoint, call)
        return await self.upstream.look(endpoint, call)

    async def hand(self, call: Call) -> Heard:
        """Hand work over, once. NotSent, Unanswered."""
        headers = auth_headers(self.options, self.secret)
        return await self.upstream.submit(Endpoint(self.base_url, headers), call)


Probe = Callable[[Talk], AsyncGenerator[Finding]]


def said(heard: Heard) -> tuple[int | None, Json]:
    """The code of an answer, None without one, and all of it."""
    body = mapping(decode(heard.body))
    return integer(body.get("code")), body
