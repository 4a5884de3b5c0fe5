"""A gateway behind a real server, in this process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from mjgate.web.wire import Wire


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncGenerator[int]:
    """Serve the application as `mjgate serve` does; its port."""
    config = uvicorn.Config(
        app,
        http=Wire,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        lambda: Wire(config=config, server_state=server.server_state, app_state={}),
        "127.0.0.1",
        0,
    )
    async with listener:
        yield listener.sockets[0].getsockname()[1]
        for connection in tuple(server.server_state.connections):
            connection.shutdown()
