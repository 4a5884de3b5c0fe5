"""What goes to a channel with a proxy goes through it, and nothing else does."""

import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from mjgate.keys import Purpose
from mjgate.sandbox.server import running
from mjgate.store import channels
from tests.imaging import made
from tests.lifecycle.proxies import NAME, Door, SmallProxy, listening
from tests.lifecycle.receiver import deliver, receiving
from tests.public_http.servers import head, serving
from tests.rig import PLAIN, MakeRig, Rig
from tests.web.shape import one_engine

USER = "mj:p%40ss%2Fword"
PLAIN_USER = "mj:p@ss/word"


@pytest.fixture
async def door() -> AsyncGenerator[Door]:
    """An upstream that counts who comes."""
    async with AsyncExitStack() as stack:
        made = Door(await stack.enter_async_context(running(PLAIN)))
        await stack.enter_async_context(listening(made, made.talk))
        yield made


async def through(rig: Rig, proxy: str) -> Rig:
    """The rig, its channel behind the proxy."""
    sealed = rig.gateway.keys.encrypt(Purpose.PROXY, proxy)
    await rig.gateway.store.write(channels.set_proxy, rig.channel_id, sealed)
    rig.gateway.lines.forget()
    return rig


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_submits_looks_and_pictures_of_a_channel_take_its_proxy_and_no_other_way(
    make_rig: MakeRig, door: Door, scheme: str
) -> None:
    proxy = SmallProxy(PLAIN_USER)
    async with listening(proxy, proxy.http if scheme == "http" else proxy.socks5):
        rig = await make_rig(upstream_url=f"http://{NAME}:{door.port}")
        rig = await through(rig, f"{scheme}://{USER}@127.0.0.1:{proxy.port}")

        task = await rig.finished(await rig.imagine())
        picture = await rig.client.get(task["imageUrl"])
        await rig.press(task["id"], "U1")
        await rig.post(f"/mj/task/{task['id']}/cancel", {})

    assert task["status"] == "SUCCESS"
    assert picture.status_code == 200
    assert len(door.peers) >= 4
    assert set(door.peers) <= set(proxy.left)  # a server that counts connections by peer
    assert set(proxy.asked) == {f"{NAME}:{door.port}"}
    assert proxy.refused == 0


@one_engine
async def test_addresses_that_a_user_chose_never_go_through_a_proxy(
    make_rig: MakeRig, door: Door
) -> None:
    proxy = SmallProxy()
    picture = made.saved(made.grid(8, 8), "PNG")
    answer = head(content_type="image/png", content_length=len(picture)) + picture
    async with listening(proxy, proxy.socks5), receiving() as hook, serving(answer) as host:
        rig = await make_rig(
            upstream_url=f"http://127.0.0.1:{door.port}",
            allow_private=("127.0.0.1",),
            images="base64-only",
        )
        await through(rig, f"socks5://127.0.0.1:{proxy.port}")
        await rig.imagine(base64Array=[host.url(host="127.0.0.1")], notifyHook=hook.url())
        await deliver(rig)

    assert host.connections == 1
    assert hook.got
    assert set(proxy.asked) == {f"127.0.0.1:{door.port}"}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_does_not_let_us_through_is_no_way_round(
    make_rig: MakeRig, door: Door, scheme: str
) -> None:
    proxy = SmallProxy("other:word")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = unused.getsockname()[1]
        async with listening(proxy, proxy.http if scheme == "http" else proxy.socks5):
            rig = await make_rig(upstream_url=f"http://127.0.0.1:{door.port}")
            for port in (proxy.port, nobody):
                await through(rig, f"{scheme}://{USER}@127.0.0.1:{port}")
                await rig.post("/mj/submit/imagine", {"prompt": "a fox"})

    assert proxy.refused >= 1
    assert door.peers == []
    assert await rig.books() == ()
