from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from mjgate.domain.action import Action, Mode
from mjgate.domain.channel import ChannelStatus
from mjgate.keys import Purpose
from mjgate.manage import BadValue, Desk, NoSuch, Taken
from mjgate.manage.channels import (
    NewChannel,
    add_channel,
    base_url,
    move_channel,
    set_proxy,
    set_status,
)
from mjgate.manage.proxies import shown_proxy
from mjgate.manage.trying import try_channel
from mjgate.sandbox.server import running
from mjgate.sandbox.settings import SandboxSettings
from mjgate.store import channels
from mjgate.upstream import Upstream
from tests.manage.audit import audited


def a_channel(  # noqa: PLR0913  what tests vary
    *,
    name: str = "main",
    url: str = "https://mj.example.com",
    secret: str = "a-secret-of-the-channel",  # noqa: S107  made up
    provider: str = "mjproxy",
    modes: tuple[str, ...] = (),
    actions: tuple[str, ...] = (),
    max_running: int = 10,
    options: dict[str, str] | None = None,
) -> NewChannel:
    return NewChannel(
        name=name,
        provider=provider,
        base_url=url,
        secret=secret,
        modes=modes,
        actions=actions,
        max_running=max_running,
        options=options or {},
    )


@pytest.fixture
async def upstream() -> AsyncGenerator[Upstream]:
    client = await Upstream.open()
    yield client
    await client.close()


async def test_a_channel_serves_every_mode_and_action_unless_said(desk: Desk) -> None:
    made = await add_channel(desk, a_channel())

    found = (await channels.all_in_use(desk.store.reader))[0]
    assert (found.id, found.instance_id) == (made.id, made.instance_id)
    assert set(found.loads) == set(Mode)
    assert {load.max_running for load in found.loads.values()} == {10}
    assert not found.actions


async def test_a_channel_serves_what_was_said(desk: Desk) -> None:
    await add_channel(
        desk,
        a_channel(modes=("fast",), actions=("imagine",), max_running=3, options={"auth": "bearer"}),
    )

    found = (await channels.all_in_use(desk.store.reader))[0]
    assert {mode: load.max_running for mode, load in found.loads.items()} == {Mode.FAST: 3}
    assert found.actions == {Action.IMAGINE}
    assert found.options == {"auth": "bearer"}


async def test_the_secret_is_encrypted_and_only_its_tail_can_be_read(desk: Desk) -> None:
    made = await add_channel(desk, a_channel(secret="a-secret-of-the-channel"))

    kept = await channels.present_credential(desk.store.reader, made.id)
    row = await desk.store.reader.row("SELECT tail, key_id FROM credentials")
    assert kept is not None
    assert "a-secret" not in kept.secret_enc
    assert desk.keys.decrypt(Purpose.CHANNEL, kept.secret_enc) == "a-secret-of-the-channel"
    assert row is not None
    assert tuple(row) == ("nnel", desk.keys.current.id)
    assert "a-secret" not in repr(await audited(desk))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://mj.example.com", "https://mj.example.com"),
        ("https://mj.example.com/", "https://mj.example.com"),
        ("https://mj.example.com/mj", "https://mj.example.com"),
        ("HTTPS://MJ.example.com:8443/mj/", "https://mj.example.com:8443"),
        ("https://mj.example.com/gate/mj/mj//", "https://mj.example.com/gate"),
        ("https://mj.example.com/hmj", "https://mj.example.com/hmj"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
        ("http://10.0.0.5/", "http://10.0.0.5"),
    ],
)
def test_a_base_url_is_kept_in_its_one_plain_form(typed: str, kept: str) -> None:
    assert base_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "mj.example.com",
        "ftp://mj.example.com",
        "https://user:password@mj.example.com",
        "https://mj.example.com/?key=1",
        "https://mj.example.com/#x",
        "http://169.254.169.254",
        "http://2130706433",
        "https://mj.example.com/a b",
        "",
    ],
)
def test_what_cannot_be_a_base_url_is_refused(typed: str) -> None:
    with pytest.raises(BadValue) as caught:
        base_url(typed)

    assert caught.value.field == "base_url"


@pytest.mark.parametrize(
    ("url", "ourselves"),
    [
        ("https://gate.example.com/mj", "https://gate.example.com"),
        ("http://gate.example.com:443", "https://gate.example.com"),
        ("http://localhost:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/mj", "http://localhost:8000"),
    ],
)
async def test_a_channel_does_not_lead_to_ourselves(desk: Desk, url: str, ourselves: str) -> None:
    with pytest.raises(BadValue, match="this gateway itself"):
        await add_channel(desk, a_channel(url=url), ourselves=ourselves)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (a_channel(provider="mjprox"), "did you mean mjproxy?"),
        (a_channel(options={"filtre": "flat"}), "did you mean filter?"),
        (a_channel(options={"filter": "flatt"}), "did you mean flat?"),
        (a_channel(options={"batch": "many"}), "a number from 1 to 9999"),
        (a_channel(modes=("quick",)), "it may be FAST, RELAX, TURBO."),
        (a_channel(max_running=0), "take 1 to"),
        (a_channel(secret="with blank"), "visible ASCII"),
        (a_channel(secret="line\r\nbreak"), "visible ASCII"),
        (a_channel(secret=""), "visible ASCII"),
        (a_channel(name=""), "cannot be used"),
    ],
)
async def test_what_a_channel_cannot_be_is_refused_with_what_it_may(
    desk: Desk, wanted: NewChannel, sentence: str
) -> None:
    with pytest.raises(BadValue) as caught:
        await add_channel(desk, wanted)

    assert sentence in str(caught.value)
    assert not await channels.all_in_use(desk.store.reader)


async def test_a_channels_name_is_given_once(desk: Desk) -> None:
    await add_channel(desk, a_channel())

    with pytest.raises(Taken):
        await add_channel(desk, a_channel())


async def test_a_channel_is_switched_by_name_or_id(desk: Desk) -> None:
    made = await add_channel(desk, a_channel())

    await set_status(desk, "main", ChannelStatus.DISABLED)
    off = await channels.get(desk.store.reader, made.id)
    await set_status(desk, str(made.id), ChannelStatus.ENABLED)
    on = await channels.get(desk.store.reader, made.id)

    assert off is not None
    assert on is not None
    assert (off.status, on.status) == (ChannelStatus.DISABLED, ChannelStatus.ENABLED)
    assert [row[1] for row in await audited(desk)] == [
        "channel added",
        "channel disabled",
        "channel enabled",
    ]


@pytest.mark.parametrize("name", ["other", "99", "9" * 30])
async def test_a_channel_that_is_not_there_is_named(desk: Desk, name: str) -> None:
    with pytest.raises(NoSuch, match=name):
        await set_status(desk, name, ChannelStatus.DISABLED)


async def test_a_moved_channel_keeps_its_old_key_for_the_tasks_it_began(desk: Desk) -> None:
    made = await add_channel(desk, a_channel())
    before = await channels.present_credential(desk.store.reader, made.id)

    await move_channel(desk, "main", to="http://127.0.0.1:1/mj", secret="another-secret")

    channel = await channels.get(desk.store.reader, made.id)
    after = await channels.present_credential(desk.store.reader, made.id)
    assert channel is not None
    assert before is not None
    assert after is not None
    assert channel.base_url == "http://127.0.0.1:1"
    assert desk.keys.decrypt(Purpose.CHANNEL, after.secret_enc) == "another-secret"
    assert await channels.credential(desk.store.reader, before.id) == before


@pytest.mark.usefixtures("loopback")
async def test_trying_a_channel_says_whether_it_takes_the_key(
    desk: Desk, upstream: Upstream
) -> None:
    settings = SandboxSettings(port=0, secret="the-right-secret", pictures="plain")
    async with running(settings) as port:
        address = f"http://127.0.0.1:{port}"
        await add_channel(desk, a_channel(name="good", url=address, secret="the-right-secret"))
        await add_channel(desk, a_channel(name="bad", url=address, secret="the-wrong-secret"))
        await add_channel(desk, a_channel(name="lost", url=f"{address}/elsewhere"))

        good = await try_channel(desk, upstream, "good")
        bad = await try_channel(desk, upstream, "bad")
        lost = await try_channel(desk, upstream, "lost")

    assert good.ok
    assert not bad.ok
    assert "refuses the key" in bad.text
    assert not lost.ok


@pytest.mark.usefixtures("loopback")
async def test_trying_a_channel_that_is_down_says_so(desk: Desk, upstream: Upstream) -> None:
    await add_channel(desk, a_channel(url="http://127.0.0.1:9"))

    trial = await try_channel(desk, upstream, "main")

    assert not trial.ok
    assert trial.text == "http://127.0.0.1:9 does not answer: connection refused."


async def test_a_proxy_is_kept_encrypted_and_shown_without_who_opens_it(desk: Desk) -> None:
    wanted = replace(a_channel(), proxy="socks5://me:a-password@proxy.example:1080")

    await add_channel(desk, wanted)

    (kept,) = await channels.all_in_use(desk.store.reader)
    assert "password" not in kept.proxy_enc + repr(kept) + repr(wanted)
    assert shown_proxy(desk, kept) == "socks5://****@proxy.example:1080"
    assert "password" not in repr(await audited(desk))


async def test_a_proxy_is_changed_and_removed(desk: Desk) -> None:
    await add_channel(desk, a_channel())

    changed = await set_proxy(desk, "main", "http://me:a-password@proxy.example:3128")
    removed = await set_proxy(desk, "main", "")

    assert shown_proxy(desk, changed) == "http://****@proxy.example:3128"
    assert shown_proxy(desk, removed) == ""
    assert "password" not in repr(await audited(desk))
    with pytest.raises(BadValue, match="socks5://"):
        await set_proxy(desk, "main", "ftp://proxy.example:21")
    with pytest.raises(NoSuch):
        await set_proxy(desk, "other", "")
