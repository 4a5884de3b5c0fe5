"""What follows from each thing that a channel may do with a submit, over real connections."""

from collections.abc import AsyncGenerator

import pytest

from mjgate.domain.action import Mode
from mjgate.domain.clock import MINUTE, SECOND
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import State
from mjgate.lifecycle.finish import fail
from mjgate.sandbox.server import running
from mjgate.store import channels
from tests.lifecycle.talker import Asked, Talker, says, takes, talking
from tests.rig import PLAIN, PRICE, RICH, Json, MakeRig, Rig, a_channel
from tests.web.shape import IMAGINE

CLOSED = "http://127.0.0.1:9"
HOOK = {"notifyHook": "https://hooks.example.com/told"}
HTML = b"<html><body>502 Bad Gateway</body></html>"

NOT_HERE = {
    "a redirect": says({}, "307 Temporary Redirect", {"Location": "http://127.0.0.1:9/"}),
    "a moved address": says({}, "301 Moved Permanently", {"Location": "http://127.0.0.1:9/"}),
    "a wrong key": says({"error": "no"}, "401 Unauthorized"),
    "an empty balance": says(b"pay first", "402 Payment Required", kind="text/plain"),
    "a forbidden mode": says({}, "403 Forbidden"),
    "an unknown path": says(HTML, "404 Not Found", kind="text/html"),
    "a wrong method": says({}, "405 Method Not Allowed"),
    "no account": says({"code": 3, "description": "no account"}),
    "its own refusal": says({"code": 9, "description": "cannot"}),
    "code 3 under HTTP 404": says({"code": 3, "description": "no"}, "404 Not Found"),
}
NOBODY_KNOWS = {
    "a hang-up": None,
    "a broken server": says({"message": "oops"}, "500 Internal Server Error"),
    "a proxy's page": says(HTML, "502 Bad Gateway", kind="text/html"),
    "a page instead of JSON": says(HTML, kind="text/html"),
    "JSON that says nothing": says({"status": "fine"}),
    "a list": says([1, 2, 3]),
    "an empty answer": says(b""),
    "acceptance without an id": says({"code": 1, "description": "ok", "result": None}),
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
}
NO_ROOM = {
    "HTTP 429": says({}, "429 Too Many Requests", {"Retry-After": "17"}),
    "code 23": says({"code": 23, "description": "full"}, headers={"Retry-After": "17"}),
}


@pytest.fixture
async def spare() -> AsyncGenerator[str]:
    """Another upstream, which is well."""
    async with running(PLAIN) as port:
        yield f"http://127.0.0.1:{port}"


async def submit(rig: Rig, prompt: str = "a fox", **more: object) -> Json:
    return (await rig.post(IMAGINE, {"prompt": prompt, **more})).json()


async def the_task(rig: Rig) -> str:
    """The id of Alice's only task, which a refusal does not tell."""
    (row,) = await rig.gateway.store.reader.rows(
        "SELECT id FROM tasks WHERE user_id = :id", id=rig.alice.user_id
    )
    return str(row["id"])


async def told(rig: Rig) -> list[tuple[str, str]]:
    """What webhooks are told: kind and state."""
    rows = await rig.gateway.store.reader.rows("SELECT kind, state FROM outbox ORDER BY seq")
    return [(kind, state) for kind, state in rows]


async def attempts(rig: Rig) -> list[str]:
    """How each attempt ended, first to last."""
    rows = await rig.gateway.store.reader.rows("SELECT outcome FROM attempts ORDER BY task_id, no")
    return [row["outcome"] for row in rows]


async def slots(rig: Rig) -> dict[int, int]:
    """How many tasks run on each channel, as it counts them."""
    loads = await channels.loads(rig.gateway.store.reader)
    return {channel: modes[Mode.FAST].running for channel, modes in loads.items()}


async def assert_nothing_is_held(rig: Rig, spent: int = 0) -> None:
    assert await rig.balance() == (RICH - spent, 0, spent)
    assert set((await slots(rig)).values()) == {0}
    assert await rig.books() == ()


# What goes to the next channel


@pytest.mark.parametrize("answer", NOT_HERE.values(), ids=NOT_HERE)
async def test_what_this_channel_refuses_the_next_one_takes(
    make_rig: MakeRig, spare: str, answer: bytes
) -> None:
    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url)
        other = await a_channel(rig.gateway, "spare", spare, priority=-1)

        task_id = (await submit(rig))["result"]

    task = await rig.finished(task_id)
    assert (task["status"], (await rig.task(task_id)).channel_id) == ("SUCCESS", other)
    assert len(talker.asked) == 1
    assert await attempts(rig) == ["refused", "accepted"]
    await assert_nothing_is_held(rig, spent=PRICE)


async def test_a_redirect_of_a_submit_is_not_followed(make_rig: MakeRig, spare: str) -> None:
    async with talking(takes()) as elsewhere:
        moved = says({}, "307 Temporary Redirect", {"Location": f"{elsewhere.url}/{IMAGINE}"})
        async with talking(moved) as talker:
            rig = await make_rig(upstream_url=talker.url)
            await a_channel(rig.gateway, "spare", spare, priority=-1)

            answer = await submit(rig)

    assert answer["code"] == 1
    assert elsewhere.asked == []


async def test_what_nobody_listens_for_goes_to_the_next_channel(
    make_rig: MakeRig, spare: str
) -> None:
    rig = await make_rig(upstream_url=CLOSED)
    other = await a_channel(rig.gateway, "spare", spare, priority=-1)

    task_id = (await submit(rig))["result"]

    assert (await rig.finished(task_id))["status"] == "SUCCESS"
    assert (await rig.task(task_id)).channel_id == other
    assert await attempts(rig) == ["not_sent", "accepted"]
    await assert_nothing_is_held(rig, spent=PRICE)


async def test_when_no_channel_takes_it_the_refusal_is_the_answer(make_rig: MakeRig) -> None:
    async with talking(says({"code": 9, "description": "cannot do it"})) as talker:
        rig = await make_rig(upstream_url=talker.url)

        answer = await submit(rig, **HOOK)

    assert (answer["code"], answer["result"]) == (9, None)
    assert answer["properties"]["reason"] == "upstream_refused"
    assert await told(rig) == []
    await assert_nothing_is_held(rig)


async def test_a_refusal_is_told_in_words_and_never_as_raw_answers(make_rig: MakeRig) -> None:
    answers = {
        says({"error": {"message": "invalid key"}}, "401 Unauthorized"): (
            "The provider did not let the gateway in; nothing was charged, and the operator can"
            " see why."
        ),
        says({"error": {"message": "bad prompt"}}, "400 Bad Request"): (
            "The provider refused the task (HTTP 400): bad prompt"
        ),
        says(HTML, "404 Not Found", kind="text/html"): (
            "The provider refused the task (HTTP 404)."
        ),
    }
    said = iter(answers)

    async with talking(lambda asked: next(said) if asked.submit else says([])) as talker:
        rig = await make_rig(upstream_url=talker.url)
        told_of = [(await submit(rig))["description"] for _ in answers]

    assert told_of == list(answers.values())
    await assert_nothing_is_held(rig)


# What nobody knows


@pytest.mark.parametrize("answer", NOBODY_KNOWS.values(), ids=NOBODY_KNOWS)
async def test_what_may_have_arrived_is_never_sent_again(
    make_rig: MakeRig, spare: str, answer: bytes | None
) -> None:
    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url)
        other = await a_channel(rig.gateway, "spare", spare, priority=-1)

        task_id = (await submit(rig, **HOOK))["result"]
        unknown = await rig.task(task_id)
        for pause in (0, 2 * SECOND, 30 * SECOND, 11 * MINUTE):
            await rig.look(after=pause)
            await rig.hand_on()

    lost = await rig.fetch(task_id)
    assert unknown.state is State.UNKNOWN
    assert (lost["status"], lost["properties"]["reason"]) == ("FAILURE", "orphan")
    assert len(talker.submits) == 1
    assert (await slots(rig))[other] == 0
    assert await attempts(rig) == ["unknown"]
    assert await told(rig) == [("submitted", "SUBMITTED"), ("final", "FAILURE")]
    await assert_nothing_is_held(rig)


async def test_a_submit_never_travels_on_a_connection_that_was_used_before(
    make_rig: MakeRig,
) -> None:
    numbers = iter(range(1, 99))

    def answer(asked: Asked) -> bytes:
        return takes(f"job-{next(numbers)}") if asked.submit else says([])

    async with talking(answer, keeps=True) as talker:
        rig = await make_rig(upstream_url=talker.url)
        for prompt in ("one", "two", "three"):
            assert (await submit(rig, prompt))["code"] == 1
            await rig.look()
        talker.keeps = False  # what stands idle is closed from here on
        for prompt in ("four", "five"):
            assert (await submit(rig, prompt))["code"] == 1
            await rig.look()

    used = [each.connection for each in talker.submits]
    assert len(set(used)) == 5
    for number in used:
        assert sum(each.connection == number for each in talker.asked) == 1
    assert await attempts(rig) == ["accepted"] * 5


# What waits


@pytest.mark.parametrize("answer", NO_ROOM.values(), ids=NO_ROOM)
async def test_a_channel_without_room_rests_as_long_as_it_says_and_the_task_waits(
    make_rig: MakeRig, answer: bytes
) -> None:
    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url)

        task_id = (await submit(rig, **HOOK))["result"]
        talker.answer = lambda _: takes()
        waits = await rig.task(task_id)
        rig.clock.pass_by(16 * SECOND)
        await rig.hand_on()
        still = await rig.task(task_id)
        rig.clock.pass_by(2 * SECOND)
        await rig.hand_on()

    assert (waits.state, still.state) == (State.QUEUED, State.QUEUED)
    assert (await rig.task(task_id)).state is State.SUBMITTED
    assert len(talker.submits) == 2
    assert await attempts(rig) == ["busy", "accepted"]
    assert await told(rig) == [("submitted", "SUBMITTED")]
    assert await rig.balance() == (RICH - PRICE, PRICE, 0)
    assert await slots(rig) == {rig.channel_id: 1}
    assert await rig.books() == ()


async def test_a_full_channel_is_waited_for_though_another_cannot_be_reached(
    make_rig: MakeRig,
) -> None:
    async with talking(NO_ROOM["code 23"]) as talker:
        rig = await make_rig(upstream_url=talker.url)
        await a_channel(rig.gateway, "down", CLOSED, priority=-1)

        answer = await submit(rig)

    assert answer["code"] == 1
    assert (await rig.task(answer["result"])).state is State.QUEUED
    assert await rig.books() == ()


# What concerns other tasks


async def test_a_parent_that_the_provider_lost_is_told_apart(make_rig: MakeRig) -> None:
    rig = await make_rig()
    grid = await rig.imagine()
    await rig.finished(grid)

    async with talking(says({"code": 3, "description": "no such task"})) as forgetful:
        await rig.gateway.store.write(channels.set_base_url, rig.channel_id, forgetful.url)
        rig.clock.pass_by(2 * SECOND)
        answer = await rig.press(grid, "U1", **HOOK)

    assert (answer["code"], answer["properties"]["field"]) == (4, "taskId")
    assert answer["properties"]["reason"] == "parent_gone_upstream"
    assert len(forgetful.submits) == 1
    assert await told(rig) == []
    await assert_nothing_is_held(rig, spent=PRICE)


@pytest.fixture
async def knows() -> AsyncGenerator[Talker]:
    """An upstream that takes the first submit, and knows the same job at every other."""
    known = {"status": "IN_PROGRESS", "imageUrl": ""}

    def answer(asked: Asked) -> bytes:
        if not asked.submit:
            return says([])
        again = len(talker.submits) > 1
        return says({"code": 21, "result": "job-1", "properties": known}) if again else takes()

    async with talking(answer) as talker:
        yield talker


async def test_work_of_ours_that_the_provider_knows_is_the_first_task(
    make_rig: MakeRig, knows: Talker
) -> None:
    rig = await make_rig(upstream_url=knows.url)
    first = await submit(rig)

    again = await submit(rig, **HOOK)

    assert again["result"] == first["result"]
    assert again["properties"]["existed"] is True
    assert await told(rig) == []
    assert await rig.balance() == (RICH - PRICE, PRICE, 0)
    assert await slots(rig) == {rig.channel_id: 1}
    assert await rig.books() == ()


async def test_anothers_work_is_not_handed_out(make_rig: MakeRig, knows: Talker) -> None:
    rig = await make_rig(upstream_url=knows.url)
    await rig.post(IMAGINE, {"prompt": "a fox"}, by=rig.bob)

    answer = await submit(rig, **HOOK)

    conflict = await rig.fetch(await the_task(rig))
    assert (answer["code"], answer["result"]) == (9, None)
    assert (conflict["status"], conflict["properties"]["reason"]) == (
        "FAILURE",
        "upstream_conflict",
    )
    assert await told(rig) == []
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.balance(rig.bob) == (RICH - PRICE, PRICE, 0)
    assert await rig.books() == ()


async def test_work_of_a_task_that_failed_belongs_to_the_one_that_asks_again(
    make_rig: MakeRig, knows: Talker
) -> None:
    rig = await make_rig(upstream_url=knows.url)
    first = await rig.task((await submit(rig))["result"])
    await fail(rig.gateway, first, FailReason.ADMIN, actor="admin")

    again = await rig.task((await submit(rig))["result"])

    assert again.id != first.id
    assert (again.state, again.upstream_id) == (State.SUBMITTED, "job-1")
    assert await rig.balance() == (RICH - PRICE, PRICE, 0)
    assert await rig.books() == ()


async def test_a_window_under_a_known_id_is_not_opened_twice(
    make_rig: MakeRig, knows: Talker
) -> None:
    rig = await make_rig(upstream_url=knows.url)
    await rig.post(IMAGINE, {"prompt": "a fox"}, by=rig.bob)
    asks = {"code": 21, "result": "job-1", "properties": {"finalPrompt": "a fox"}}
    knows.answer = lambda _: says(asks)

    answer = await submit(rig)

    assert answer["code"] == 9
    assert (await rig.fetch(await the_task(rig)))["status"] == "FAILURE"
    await rig.gateway.senders.settle()
    assert await rig.balance() == (RICH, 0, 0)
    assert await rig.books() == ()


# Who is told


REFUSALS = {
    "a banned word": says({"code": 24, "description": "no", "properties": {"bannedWord": "fox"}}),
    "a wrong request": says({"code": 4, "description": "no"}),
    "no channel left": says({"code": 9, "description": "no"}),
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
async def test_a_client_that_waits_is_told_of_a_refusal_and_no_webhook_is(
    make_rig: MakeRig, answer: bytes
) -> None:
    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url)

        refused = await submit(rig, **HOOK)

    assert refused["code"] in {24, 4, 9}
    assert refused["result"] is None
    assert (await rig.fetch(await the_task(rig)))["status"] == "FAILURE"
    assert await told(rig) == []
    await assert_nothing_is_held(rig)


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
async def test_a_client_that_was_answered_before_the_refusal_hears_of_it_later(
    make_rig: MakeRig, answer: bytes
) -> None:
    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        talker.go.clear()

        early = await submit(rig, **HOOK)
        meanwhile = await rig.fetch(early["result"])
        talker.go.set()
        await rig.gateway.senders.settle()

    task = await rig.fetch(early["result"])
    assert (early["code"], meanwhile["status"]) == (1, "NOT_START")
    assert (task["status"], task["failReason"]) == ("FAILURE", "no")
    assert await told(rig) == [("final", "FAILURE")]
    await assert_nothing_is_held(rig)


@pytest.mark.parametrize("whose", ["bob", "alice"])
async def test_a_client_that_was_answered_before_the_conflict_hears_of_it_later(
    make_rig: MakeRig, whose: str
) -> None:
    async with talking(takes()) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        await rig.post(IMAGINE, {"prompt": "a fox"}, by=getattr(rig, whose))
        talker.go.clear()

        early = await submit(rig, **HOOK)
        talker.go.set()
        await rig.gateway.senders.settle()

    task = await rig.fetch(early["result"])
    assert task["properties"]["reason"] == "upstream_conflict"
    assert await told(rig) == [("final", "FAILURE")]
    assert await rig.balance() == ((RICH, 0, 0) if whose == "bob" else (RICH - PRICE, PRICE, 0))


async def test_a_slow_channel_that_takes_it_after_all_is_followed(make_rig: MakeRig) -> None:
    async with talking(takes()) as talker:
        rig = await make_rig(upstream_url=talker.url, answer_wait=50)
        talker.go.clear()

        early = await submit(rig, **HOOK)
        talker.go.set()
        await rig.gateway.senders.settle()

    assert (await rig.task(early["result"])).state is State.SUBMITTED
    assert await told(rig) == [("submitted", "SUBMITTED")]
    assert len(talker.submits) == 1
    assert await rig.balance() == (RICH - PRICE, PRICE, 0)
