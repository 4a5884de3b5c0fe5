"""What each answer to a submit leads to: the next channel, the queue, the end, or not knowing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from mjgate.domain.action import Mode
from mjgate.domain.clock import SECOND
from mjgate.store import channels
from mjgate.web import WebSettings, create_app
from tests.lifecycle.raw import Raw, coded, refusing, reply, speaking, taken
from tests.rig import RICH, Json, MakeRig, Person, Rig, a_channel

PRICE = 50_000
HELD = (RICH - PRICE, PRICE, 0)
UNTOUCHED = (RICH, 0, 0)
HOOK = "https://hooks.example.com/done"

UNCLEAR = {
    "hangs-up": b"",
    "500": reply({"message": "oops"}, "500 Internal Server Error"),
    "html-502": reply("<html><h1>Bad Gateway</h1></html>", "502 Bad Gateway"),
    "garbage-200": reply("{]"),
    "empty-200": reply(),
}
FAULTY = ("401 Unauthorized", "402 Payment Required", "403 Forbidden", "404 Not Found",
          "405 Method Not Allowed")  # fmt: skip
TOO_MANY = "429 Too Many Requests"
BUSY = {
    "429": reply("slow down", TOO_MANY, retry_after="30"),
    "code-23": coded(23, retry_after="30"),
}
RESTS = {"unsaid": ("", 5), "short": ("1", 5), "fair": ("30", 30), "long": ("600", 60)}


@dataclass
class Scene:
    """A gateway with two channels; the first one is always asked first."""

    rig: Rig
    first: Raw
    second: Raw
    second_id: int

    @property
    def asked(self) -> tuple[int, int]:
        return len(self.first.requests), len(self.second.requests)

    async def running(self) -> tuple[int, int]:
        """What each channel counts, of books that are in order."""
        return await running(self.rig), await running(self.rig, self.second_id)


@asynccontextmanager
async def two(make_rig: MakeRig, answer: bytes) -> AsyncGenerator[Scene]:
    """The first channel says `answer`, the second takes what it gets."""
    async with speaking(answer) as first, speaking(taken()) as second:
        rig = await make_rig(upstream_url=first.url)
        yield Scene(rig, first, second, await another(rig, second.url))


async def another(rig: Rig, url: str) -> int:
    """Add a channel, and wait until it is known."""
    channel_id = await a_channel(rig.gateway, "second", url)
    rig.clock.pass_by(SECOND + 1)
    return channel_id


async def running(rig: Rig, channel_id: int = 0) -> int:
    assert await rig.books() == ()
    reader = rig.gateway.store.reader
    load = await channels.load(reader, channel_id or rig.channel_id, Mode.FAST)
    assert load is not None
    return load.running


async def submit(rig: Rig, *, by: Person | None = None, **more: object) -> Json:
    body = {"prompt": "a red fox", **more}
    return (await rig.post("/mj/submit/imagine", body, by=by)).json()


async def kept(rig: Rig) -> list[tuple[str, str]]:
    """State and reason of every task."""
    rows = await rig.gateway.store.reader.rows("SELECT state, reason FROM tasks ORDER BY id")
    return [(row["state"], row["reason"]) for row in rows]


async def told(rig: Rig) -> list[tuple[str, str]]:
    """Kind and state of every hook that is to be called."""
    rows = await rig.gateway.store.reader.rows("SELECT kind, state FROM outbox")
    return [(row["kind"], row["state"]) for row in rows]


async def test_no_submit_goes_out_over_a_connection_that_was_kept(make_rig: MakeRig) -> None:
    async with speaking(taken("1"), taken("2"), taken("3")) as raw:
        rig = await make_rig(upstream_url=raw.url)

        answers = [await submit(rig) for _ in range(3)]

        assert [each["code"] for each in answers] == [1, 1, 1]
        assert (raw.connections, raw.reused, len(raw.requests)) == (3, 0, 3)
        assert await kept(rig) == [("SUBMITTED", "")] * 3
        assert await running(rig) == 3


async def test_a_redirect_is_not_followed_and_the_next_channel_is_asked(
    make_rig: MakeRig,
) -> None:
    async with speaking(taken()) as target:
        away = reply("", "307 Temporary Redirect", location=f"{target.url}/mj/submit/imagine")
        async with two(make_rig, away) as scene:
            answer = await submit(scene.rig)

            assert (answer["code"], scene.asked, target.connections) == (1, (1, 1), 0)
            assert (await scene.rig.task(answer["result"])).channel_id == scene.second_id
            assert await scene.running() == (0, 1)


async def test_a_refused_connection_leads_to_the_next_channel(make_rig: MakeRig) -> None:
    with refusing() as nobody:
        async with speaking(taken()) as second:
            rig = await make_rig(upstream_url=nobody)
            second_id = await another(rig, second.url)

            answer = await submit(rig)

            assert (answer["code"], len(second.requests)) == (1, 1)
            assert (await running(rig), await running(rig, second_id)) == (0, 1)
            assert await rig.balance() == HELD


async def test_a_refused_connection_and_no_other_channel_is_an_honest_no(
    make_rig: MakeRig,
) -> None:
    with refusing() as nobody:
        rig = await make_rig(upstream_url=nobody)

        answer = await submit(rig)

    assert (answer["code"], answer["properties"]["reason"]) == (3, "no_channel")
    assert await kept(rig) == [("FAILURE", "no_channel")]
    assert (await running(rig), await rig.balance()) == (0, UNTOUCHED)


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR)
async def test_what_may_have_arrived_is_never_sent_again(make_rig: MakeRig, answer: bytes) -> None:
    async with two(make_rig, answer) as scene:
        said = await submit(scene.rig)
        await scene.rig.hand_on()

        assert (said["code"], scene.asked) == (1, (1, 0))
        assert (await scene.rig.fetch(said["result"]))["status"] == "SUBMITTED"
        assert await kept(scene.rig) == [("UNKNOWN", "")]
        assert (await scene.running(), await scene.rig.balance()) == ((1, 0), HELD)


@pytest.mark.parametrize("status", FAULTY)
async def test_a_fault_of_the_channel_leads_to_the_next(make_rig: MakeRig, status: str) -> None:
    async with two(make_rig, reply("no", status)) as scene:
        said = await submit(scene.rig)

        assert (said["code"], scene.asked) == (1, (1, 1))
        assert (await scene.running(), await scene.rig.balance()) == ((0, 1), HELD)


@pytest.mark.parametrize("status", FAULTY)
async def test_a_fault_of_the_only_channel_ends_the_task(make_rig: MakeRig, status: str) -> None:
    async with speaking(reply("no", status)) as raw:
        rig = await make_rig(upstream_url=raw.url)

        said = await submit(rig)

    assert (said["code"], said["properties"]["reason"]) == (9, "upstream_refused")
    assert "127.0.0.1" not in said["description"]
    assert await kept(rig) == [("FAILURE", "upstream_refused")]
    assert (await running(rig), await rig.balance()) == (0, UNTOUCHED)


@pytest.mark.parametrize("answer", BUSY.values(), ids=BUSY)
async def test_a_busy_channel_leads_to_the_next(make_rig: MakeRig, answer: bytes) -> None:
    async with two(make_rig, answer) as scene:
        said = await submit(scene.rig)

        assert (said["code"], scene.asked) == (1, (1, 1))
        assert (await scene.running(), await scene.rig.balance()) == ((0, 1), HELD)


@pytest.mark.parametrize(("asked", "rest"), RESTS.values(), ids=RESTS)
@pytest.mark.parametrize("coded_23", [False, True], ids=["429", "code-23"])
async def test_the_only_channel_is_left_alone_as_long_as_it_asks_and_then_gets_the_task(
    make_rig: MakeRig, asked: str, rest: int, *, coded_23: bool
) -> None:
    body = {"code": 23, "description": "slow down"} if coded_23 else "slow down"
    busy = reply(body, "200 OK" if coded_23 else TOO_MANY, retry_after=asked)
    async with speaking(busy, taken()) as raw:
        rig = await make_rig(upstream_url=raw.url)

        task_id = (await submit(rig))["result"]

        assert (await rig.fetch(task_id))["status"] == "NOT_START"
        assert (await running(rig), await rig.balance()) == (0, HELD)
        rig.clock.pass_by(rest * SECOND - 1)
        await rig.hand_on()
        assert len(raw.requests) == 1
        rig.clock.pass_by(1)
        await rig.hand_on()
        assert len(raw.requests) == 2
        assert (await rig.fetch(task_id))["status"] == "SUBMITTED"
        assert (await running(rig), await rig.balance()) == (1, HELD)


async def test_a_follow_up_whose_parent_the_upstream_has_lost_is_refused(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    paid = await rig.balance()
    async with speaking(coded(3)) as raw, speaking(taken()) as second:
        await rig.move_channel(raw.url)
        await another(rig, second.url)

        said = await rig.press(grid, "U1")

    assert (said["code"], said["properties"]["reason"]) == (4, "parent_gone_upstream")
    assert (len(raw.requests), len(second.requests)) == (1, 0)
    assert (await running(rig), await rig.balance()) == (0, paid)


async def test_a_channel_that_finds_nobody_for_a_prompt_leads_to_the_next(
    make_rig: MakeRig,
) -> None:
    async with two(make_rig, coded(3)) as scene:
        said = await submit(scene.rig)

        assert (said["code"], scene.asked) == (1, (1, 1))
        assert await scene.running() == (0, 1)


@pytest.mark.parametrize(("code", "ours"), [(24, 24), (4, 9)])
async def test_refused_content_is_shown_to_no_other_channel_and_the_answer_is_all(
    make_rig: MakeRig, code: int, ours: int
) -> None:
    async with two(make_rig, coded(code)) as scene:
        said = await submit(scene.rig, notifyHook=HOOK)

        assert (said["code"], scene.asked) == (ours, (1, 0))
        assert await told(scene.rig) == []
        assert (await scene.running(), await scene.rig.balance()) == ((0, 0), UNTOUCHED)


async def test_a_late_refusal_is_told_by_hook_to_who_has_got_the_id(make_rig: MakeRig) -> None:
    async with speaking(coded(24), slow=True) as raw:
        rig = await make_rig(upstream_url=raw.url)
        rig.gateway = replace(rig.gateway, answer_wait=0)
        transport = httpx.ASGITransport(create_app(rig.gateway, WebSettings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            rig.client = client
            said = await submit(rig, notifyHook=HOOK)
            await raw.arrived.wait()
            meanwhile = await kept(rig), await running(rig), await told(rig)

            raw.speak.set()
            await rig.gateway.senders.settle()

            task = await rig.fetch(said["result"])
    assert (said["code"], meanwhile) == (1, ([("SENDING", "")], 1, []))
    assert (task["status"], task["properties"]["reason"]) == ("FAILURE", "banned_word")
    assert await told(rig) == [("final", "FAILURE")]
    assert (await running(rig), await rig.balance()) == (0, UNTOUCHED)


EXISTED = reply({"code": 21, "result": "job-1", "properties": {"status": "IN_PROGRESS"}})


async def test_a_job_of_the_same_user_that_runs_already_is_the_answer(make_rig: MakeRig) -> None:
    async with speaking(taken(), EXISTED) as raw:
        rig = await make_rig(upstream_url=raw.url)
        first = await submit(rig)

        again = await submit(rig)

    assert (again["code"], again["result"]) == (1, first["result"])
    assert again["properties"]["existed"] is True
    assert (await running(rig), await rig.balance()) == (1, HELD)


async def test_a_job_of_another_user_is_not_given_away(make_rig: MakeRig) -> None:
    async with speaking(taken(), EXISTED) as raw:
        rig = await make_rig(upstream_url=raw.url)
        first = await submit(rig)

        other = await submit(rig, by=rig.bob)

    assert (other["code"], other["properties"]["reason"]) == (9, "upstream_refused")
    assert first["result"] not in str(other)
    assert sorted(await kept(rig)) == [("FAILURE", "upstream_conflict"), ("SUBMITTED", "")]
    assert (await running(rig), await rig.balance()) == (1, HELD)
    assert await rig.balance(rig.bob) == UNTOUCHED
