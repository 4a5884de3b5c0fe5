"""The rate table: how often a key may ask for what, and that questions are never refused."""

import pytest

from mjgate.domain.errors import RateLimited
from mjgate.domain.settings import ROWS
from mjgate.web.rates import RATES, Rates
from tests.rig import PRICE, RICH, Rig
from tests.web.shape import IMAGINE, one_engine, refused


async def allowed(rig: Rig, rates: Rates, what: str, who: str = "key 1") -> int:
    """How many in a row are let through."""
    for number in range(1_000):
        try:
            await rates.take(rig.gateway, what, who)
        except RateLimited as limited:
            return number if limited.retry_after else -2
    return -1


@one_engine
async def test_every_row_lets_through_what_it_says_and_then_as_much_as_time_brings(
    rig: Rig,
) -> None:
    table = {
        "submit": (300, 50),
        "dryRun": (10, 10),
        "/api/mj/": (20, 20),
        "/api/mj/self": (20, 20),
        "/api/mj/export": (6, 0),
        "/api/mj/self/export": (6, 0),
        "/api/webhook/test": (6, 0),
    }
    seen: dict[str, tuple[int, int]] = {}

    for what in RATES:
        rates = Rates()
        burst = await allowed(rig, rates, what)
        rig.clock.pass_by(1_000)
        seen[what] = burst, await allowed(rig, rates, what)

    assert seen == table
    assert {name for row in RATES.values() for name in (row.limit, row.burst) if name} <= set(ROWS)


@one_engine
async def test_keys_do_not_share_and_a_minute_brings_six(rig: Rig) -> None:
    rates = Rates()

    first = await allowed(rig, rates, "/api/webhook/test", "user 1")
    other = await allowed(rig, rates, "/api/webhook/test", "user 2")
    rig.clock.pass_by(60_000)

    assert (first, other) == (6, 6)
    assert await allowed(rig, rates, "/api/webhook/test", "user 1") == 6
    assert await allowed(rig, rates, "fetch", "user 1") == -1


async def test_too_many_submits_are_429_and_cost_nothing_and_questions_go_on(rig: Rig) -> None:
    await rig.set("submits_per_second", value=1)
    await rig.set("submit_burst", value=2)
    fox = {"prompt": "a red fox"}

    taken = [await rig.post(IMAGINE, fox) for _ in range(2)]
    wrong = await rig.post(IMAGINE, fox)
    bobs = await rig.post(IMAGINE, fox, by=rig.bob)
    fetched = [await rig.fetch(taken[0].json()["result"]) for _ in range(50)]
    rig.clock.pass_by(1_000)
    later = await rig.post(IMAGINE, fox)

    refused(wrong, 429, "rate_limited")
    assert wrong.headers["retry-after"] == "1"
    assert [answer.json()["code"] for answer in (*taken, bobs, later)] == [1] * 4
    assert {each["status"] for each in fetched} == {"SUBMITTED"}
    assert (await rig.balance())[0] == RICH - 3 * PRICE


@one_engine
async def test_dry_runs_have_a_rate_of_their_own(rig: Rig) -> None:
    path, fox = f"{IMAGINE}?dryRun=1", {"prompt": "a red fox"}

    codes = [(await rig.post(path, fox)).status_code for _ in range(11)]
    submitted = await rig.post(IMAGINE, fox)

    assert codes == [200] * 10 + [429]
    assert submitted.json()["code"] == 1


@one_engine
@pytest.mark.parametrize("name", ["submits_per_second", "dry_runs_per_second"])
async def test_a_rate_of_nothing_is_no_limit(rig: Rig, name: str) -> None:
    await rig.set(name, value=0)
    rates = Rates()

    assert await allowed(rig, rates, "submit" if "submits" in name else "dryRun") == -1
