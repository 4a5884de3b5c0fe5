"""A gateway that is called over HTTP at an address of its own, as clients and gateways call it."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from mjgate.domain.timing import Timing
from mjgate.lifecycle.track import Tracker
from mjgate.links import Links
from mjgate.public_http import PublicHTTP
from mjgate.web import WebSettings, create_app
from tests.chains.line import Line, line_to
from tests.rig import HandClock, Rig, a_gateway, a_person, calling
from tests.served import listening


async def served(
    stack: AsyncExitStack,
    url: str,
    directory: Path,
    clock: HandClock,
    *,
    allow_private: tuple[str, ...] = (),
) -> tuple[Rig, Line]:
    """A gateway without channels, served at the end of a line whose address is its own."""
    gateway = await a_gateway(stack, url, directory, clock, Timing())
    if allow_private:
        public = await PublicHTTP.start(allow_private=allow_private)
        stack.push_async_callback(public.close)
        gateway = replace(gateway, public=public)
    later = Later()
    port = await stack.enter_async_context(listening(later))
    line = await stack.enter_async_context(line_to(port))
    gateway = replace(gateway, links=Links(line.url, gateway.keys), node=f"node at {port}")
    later.app = create_app(gateway, WebSettings())
    client = await stack.enter_async_context(calling(line.url))
    tracker = Tracker(gateway)
    stack.push_async_callback(tracker.close)
    rig = Rig(
        gateway=gateway,
        clock=clock,
        tracker=tracker,
        client=client,
        app=later.app,
        upstream_url="",
        alice=await a_person(gateway, "alice"),
        bob=await a_person(gateway, "bob"),
        channel_id=1,
    )
    return rig, line


class Later:
    """An application that is known only when the port is: its addresses carry that."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
