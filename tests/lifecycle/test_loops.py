"""Gateways that point at each other, or at themselves: nothing is drawn twice, or for ever."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from mjgate.domain.timing import Timing
from mjgate.lifecycle import Gateway
from mjgate.sandbox.server import running
from mjgate.store import tokens
from mjgate.store.database import Transaction
from mjgate.web import WebSettings, create_app
from tests.rig import (
    PLAIN,
    RICH,
    MakeRig,
    Person,
    Rig,
    a_channel,
    a_gateway,
    a_key,
    a_person,
)
from tests.served import listening
from tests.web.shape import one_engine, refused

UPSTREAM_KEY = "upstream-secret"
OTHER = "fedcba9876543210"


async def with_a_key_for_gateways(gateway: Gateway, person: Person) -> None:
    """The key that every channel of a rig sends opens the gateway."""

    async def add(tx: Transaction) -> None:
        await tokens.add(tx, a_key(person.user_id, UPSTREAM_KEY, gateway.clock.now()))

    await gateway.store.write(add)


@asynccontextmanager
async def another(tmp_path: Path, rig: Rig) -> AsyncGenerator[tuple[Gateway, int]]:
    """A second installation, and where it listens; it has no channel yet."""
    async with AsyncExitStack() as stack:
        url = f"sqlite:///{tmp_path}/another.db"
        gateway = await a_gateway(stack, url, tmp_path / "another", rig.clock, Timing())
        await with_a_key_for_gateways(gateway, await a_person(gateway, "below"))
        app = create_app(gateway, WebSettings())
        yield gateway, await stack.enter_async_context(listening(app))


async def test_a_gateway_whose_channel_is_itself_says_so_and_charges_nothing(rig: Rig) -> None:
    await with_a_key_for_gateways(rig.gateway, rig.bob)
    async with listening(rig.app) as port:
        await rig.move_channel(f"http://127.0.0.1:{port}")
        rig.gateway.lines.forget()

        answer = await rig.post("/mj/submit/imagine", {"prompt": "a red fox"})

    refused(answer, 200, "loop")
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.balance(rig.bob) == (RICH, 0, 0)
    assert await rig.books() == ()


async def test_two_gateways_that_point_at_each_other_refuse_and_charge_nothing(
    rig: Rig, tmp_path: Path
) -> None:
    await with_a_key_for_gateways(rig.gateway, rig.bob)
    async with listening(rig.app) as here, another(tmp_path, rig) as (other, there):
        await a_channel(other, "back", f"http://127.0.0.1:{here}")
        await rig.move_channel(f"http://127.0.0.1:{there}")
        rig.gateway.lines.forget()

        answer = await rig.post("/mj/submit/imagine", {"prompt": "a red fox"})
        row = await other.store.reader.row("SELECT SUM(held + spent) AS n FROM users")

    refused(answer, 200, "loop")
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.balance(rig.bob) == (RICH, 0, 0)
    assert row is not None
    assert row["n"] == 0


async def test_a_chain_of_gateways_is_no_loop(rig: Rig, tmp_path: Path) -> None:
    async with running(PLAIN) as sandbox, another(tmp_path, rig) as (other, there):
        await a_channel(other, "sandbox", f"http://127.0.0.1:{sandbox}")
        await rig.move_channel(f"http://127.0.0.1:{there}")
        rig.gateway.lines.forget()

        answer = await rig.post("/mj/submit/imagine", {"prompt": "a red fox"})

    assert answer.json()["code"] == 1


async def test_another_channel_takes_what_would_come_back(rig: Rig) -> None:
    await with_a_key_for_gateways(rig.gateway, rig.bob)
    sandbox = rig.upstream_url
    async with listening(rig.app) as port:
        await rig.move_channel(f"http://127.0.0.1:{port}")
        await a_channel(rig.gateway, "good", sandbox, priority=-1)
        rig.gateway.lines.forget()
        rig.clock.pass_by(1_001)

        task = await rig.finished(await rig.imagine())

    assert task["status"] == "SUCCESS"


@one_engine
async def test_our_own_public_address_is_not_called_at_all(make_rig: MakeRig) -> None:
    rig = await make_rig(upstream_url="http://gateway/elsewhere")

    answer = await rig.post("/mj/submit/imagine", {"prompt": "a red fox"})

    refused(answer, 200, "loop")


@one_engine
async def test_what_has_come_too_far_is_refused_in_a_dry_run_too(rig: Rig) -> None:
    headers = {"mj-api-secret": rig.alice.key, "Mjgate-Hops": ",".join([OTHER] * 6)}
    near = headers | {"Mjgate-Hops": ",".join([OTHER] * 5)}
    path, body = "/mj/submit/imagine", {"prompt": "a red fox"}

    dry = await rig.client.post(f"{path}?dryRun=1", json=body, headers=headers)
    far = await rig.client.post(path, json=body, headers=headers)
    taken = await rig.client.post(path, json=body, headers=near)

    refused(dry, 200, "loop")
    refused(far, 200, "loop")
    assert taken.json()["code"] == 1
