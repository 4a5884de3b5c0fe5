"""Lists and searches: one's own tasks alone, whole pages, and totals that end somewhere."""

import pytest

from mjgate.store import lists
from mjgate.store.database import Transaction
from tests.rig import Json, MakeRig, Person, Rig, a_person
from tests.web.shape import counted, one_engine, refused, served

QUERY = "/mj/task/query"


async def search(rig: Rig, by: Person | None = None, **asked: object) -> Json:
    return served(await rig.post(QUERY, asked, by=by))


def prompts(tasks: Json) -> list[str]:
    return [task["prompt"] for task in tasks]


async def three(rig: Rig) -> list[str]:
    """A fox that is finished, a cat that failed, and a dog under way."""
    fox = await rig.imagine("a Red fox", state="zoo")
    await rig.finished(fox)
    cat = await rig.imagine("a red cat [[fault:fail]]")
    await rig.finished(cat)
    rig.clock.pass_by(5)
    return [fox, cat, await rig.imagine("a grey dog 50%")]


@pytest.mark.parametrize("path", ["/mj/task/list", "/mj-turbo/mj/task/list"])
async def test_the_list_has_ones_own_tasks_newest_first(rig: Rig, path: str) -> None:
    for each in ("one", "two", "three"):
        await rig.imagine(each)
        rig.clock.pass_by(1)
    await rig.post("/mj/submit/imagine", {"prompt": "bob's"}, by=rig.bob)

    listed = served(await rig.get(path))

    assert prompts(listed) == ["three", "two", "one"]
    assert listed[0] == await rig.fetch(listed[0]["id"])
    assert prompts(served(await rig.get(path, by=rig.bob))) == ["bob's"]


async def test_the_list_ends_after_a_hundred_and_costs_one_statement(rig: Rig) -> None:
    first = await rig.imagine("the first")
    await copies(rig, first, 120)
    await rig.get("/mj/task/list")
    reads = counted(rig)

    listed = served(await rig.get("/mj/task/list"))

    assert (len(listed), reads.asked) == (100, 1)
    assert first not in {task["id"] for task in listed}


@pytest.mark.parametrize("path", ["/mj/task/queue", "/mj/queue", "/mj-fast/mj/queue"])
async def test_the_queue_has_ones_own_waiting_tasks(make_rig: MakeRig, path: str) -> None:
    rig = await make_rig(max_running=1)
    for each in ("runs", "waits", "waits too"):
        await rig.imagine(each)
        rig.clock.pass_by(1)
    await rig.post("/mj/submit/imagine", {"prompt": "bob's"}, by=rig.bob)

    waiting = served(await rig.get(path))

    assert prompts(waiting) == ["waits", "waits too"]
    assert {task["status"] for task in waiting} == {"NOT_START"}
    assert prompts(served(await rig.get(path, by=rig.bob))) == ["bob's"]


async def test_nothing_is_an_empty_list(rig: Rig) -> None:
    for path in ("/mj/task/list", "/mj/task/queue", "/mj/account/list"):
        assert served(await rig.get(path)) == []


async def test_lists_have_no_anonymous_mode(rig: Rig) -> None:
    for path in ("/mj/task/list", "/mj/task/queue", "/mj/queue", "/mj/account/list"):
        refused(await rig.client.get(path), 401, "bad_key")
    refused(await rig.client.post(QUERY, json={}), 401, "bad_key")


async def test_a_narrowed_key_sees_its_own_tasks_alone(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    narrow = await a_person(rig.gateway, "narrow", sees="own")
    await rig.imagine("runs")
    await rig.imagine("waits")
    await rig.post("/mj/submit/imagine", {"prompt": "own"}, by=narrow)

    async def one_family(tx: Transaction) -> None:
        await tx.run("UPDATE tasks SET user_id = :user_id", user_id=narrow.user_id)

    await rig.gateway.store.write(one_family)

    assert prompts(served(await rig.get("/mj/task/list", by=narrow))) == ["own"]
    assert prompts(served(await rig.get("/mj/queue", by=narrow))) == ["own"]
    page = await search(rig, narrow)
    assert (prompts(page["content"]), page["totalElements"]) == (["own"], 1)


async def test_a_search_for_nothing_finds_everything_of_ones_own(rig: Rig) -> None:
    fox, cat, dog = await three(rig)
    await rig.post("/mj/submit/imagine", {"prompt": "bob's"}, by=rig.bob)

    page = await search(rig, ids=[], status="", statusSet=None, prompt="", state="", sort="")

    assert {name: page[name] for name in page if name != "content"} == {
        "totalElements": 3,
        "pageNumber": 0,
        "pageSize": 20,
    }
    assert [task["id"] for task in page["content"]] == [dog, cat, fox]
    assert page["content"][2] == await rig.fetch(fox)


FOX, CAT, DOG = "a Red fox", "a red cat [[fault:fail]]", "a grey dog 50%"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "SUCCESS"}, [FOX]),
        ({"status": "submitted"}, [DOG]),
        ({"statusSet": ["SUCCESS", "FAILURE"]}, [CAT, FOX]),
        ({"statusSet": ["SUCCESS", "FAILURE"], "status": "FAILURE"}, [CAT]),
        ({"statusSet": ["SUCCESS"], "status": "FAILURE"}, []),
        ({"statusSet": ["NOT_START", "MODAL", "IN_PROGRESS"]}, []),
        ({"action": "imagine"}, [DOG, CAT, FOX]),
        ({"action": "UPSCALE"}, []),
        ({"state": "zoo"}, [FOX]),
        ({"state": "zo"}, []),
        ({"prompt": "red"}, [CAT, FOX]),
        ({"prompt": "FOX  red"}, [FOX]),
        ({"prompt": "50%"}, [DOG]),
        ({"prompt": "%"}, [DOG]),
        ({"prompt": "_"}, []),
        ({"prompt": "\\"}, []),
        ({"prompt": "' OR 1=1 --"}, []),
        ({"prompt": "red " * 30}, [CAT, FOX]),
        ({"ids": ["x", "1763712000000999"]}, []),
        ({"ids": "x"}, []),
        ({"sort": "id,asc"}, [FOX, CAT, DOG]),
        ({"sort": "ID, desc"}, [DOG, CAT, FOX]),
        ({"pageSize": 2}, [DOG, CAT]),
        ({"pageSize": "2", "pageNumber": "1"}, [FOX]),
        ({"pageNumber": 7}, []),
        ({"pageNumber": 10**30, "pageSize": 10**30}, []),
        ({"nonsense": 7}, [DOG, CAT, FOX]),
    ],
    ids=str,
)
async def test_a_search_finds_what_fits(rig: Rig, asked: Json, found: list[str]) -> None:
    await three(rig)

    page = await search(rig, **asked)

    assert prompts(page["content"]) == found


async def test_a_search_by_ids_takes_texts_and_numbers(rig: Rig) -> None:
    fox, cat, _ = await three(rig)

    page = await search(rig, ids=[int(fox), cat, fox])
    by_bob = await search(rig, rig.bob, ids=[fox, cat])

    assert ([task["id"] for task in page["content"]], page["totalElements"]) == ([cat, fox], 2)
    assert (by_bob["content"], by_bob["totalElements"]) == ([], 0)


async def test_a_confirmed_window_that_waits_is_found_as_submitted(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    picture = await rig.imagine()
    await rig.finished(picture)
    upscaled = (await rig.press(picture, "U1"))["result"]
    await rig.finished(upscaled)
    window = (await rig.press(upscaled, "Custom Zoom"))["result"]
    await rig.imagine("in the way")
    await rig.post("/mj/submit/modal", {"taskId": window, "prompt": "wider"})

    shown = (await rig.fetch(window))["status"]
    submitted = await search(rig, status="SUBMITTED", prompt="wider")
    not_started = await search(rig, status="NOT_START")

    assert (shown, prompts(submitted["content"])) == ("SUBMITTED", ["wider"])
    assert not_started["content"] == []


BAD = {
    "status": "DONE",
    "statusSet": ["SUCCESS", "DONE"],
    "action": "PAINT",
    "sort": "prompt,desc",
    "pageNumber": -1,
    "pageSize": "many",
    "prompt": ["a"],
    "state": {"a": 1},
}


@one_engine
@pytest.mark.parametrize("name", BAD)
async def test_what_cannot_be_asked_is_named(rig: Rig, name: str) -> None:
    answer = await rig.post(QUERY, {name: BAD[name]})

    assert refused(answer, 200, "bad_field")["properties"]["field"] == name


async def test_a_total_is_counted_to_its_end_and_no_further(rig: Rig) -> None:
    await copies(rig, await rig.imagine("many"), lists.COUNTED_MOST + 20)

    page = await search(rig, pageSize=1_000)
    deep = await search(rig, pageSize=100, pageNumber=100, prompt="many", sort="id,asc")

    assert (page["totalElements"], page["pageSize"], len(page["content"])) == (10_001, 100, 100)
    assert len(deep["content"]) == 22


async def copies(rig: Rig, task_id: str, number: int) -> None:
    """That many more tasks of the same user, each a little later."""
    task = await rig.task(task_id)

    async def copy(tx: Transaction) -> None:
        await tx.many(
            """
            INSERT INTO tasks (
                id, job_uuid, user_id, token_id, group_id, action, bot, mode, prompt, price,
                price_version, request, submit_at, state, version, progress, finish_at
            ) VALUES (
                :id, :job_uuid, :user_id, :token_id, 1, 'IMAGINE', 'MID_JOURNEY', 'FAST', 'many',
                0, 0, '{}', :now, 'SUCCESS', 1, 100, :now
            )
            """,
            [
                {
                    "id": task.id + (n + 1) * 1_000,
                    "job_uuid": f"copy-{n}",
                    "user_id": task.user_id,
                    "token_id": task.token_id,
                    "now": task.submit_at + n + 1,
                }
                for n in range(number)
            ],
        )

    await rig.gateway.store.write(copy)
