"""The lists of tasks, held against the documents that their clients were written from."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import quote

import httpx
import pytest
from starlette.requests import Request

from mjgate.domain.clock import DAY
from mjgate.domain.errors import KeyDisabled
from mjgate.domain.timing import Reading
from mjgate.lifecycle.tallies import fold
from mjgate.store import listing
from mjgate.store.database import Transaction
from mjgate.store.listing import Filter, Total
from mjgate.web import create_app
from mjgate.web.api import export
from mjgate.web.api.rows import Call
from mjgate.web.auth import Doors
from mjgate.web.bodies import Room
from mjgate.web.context import Context, WebSettings
from mjgate.web.watching import Watching
from tests.rig import START, MakeRig, Person, Rig
from tests.web.api.desk import Json, Manager, a_user, manages
from tests.web.shape import one_engine

FIXTURES = Path(__file__).parents[2] / "samples" / "list-api"
DOCUMENTED = {
    name: json.loads((FIXTURES / f"mj_{name}.json").read_text("utf-8"))
    for name in ("self_list", "admin_list", "list_error")
}
OWN = "/api/mj/self"


async def folded(rig: Rig) -> None:
    while await fold(rig.gateway):
        pass


async def items(who: Manager, query: str = "", path: str = OWN) -> list[Json]:
    return (await who.data("GET", f"{path}?{query}"))["items"]


def prompts(found: list[Json]) -> list[str]:
    return [each["prompt"] for each in found]


async def three(rig: Rig) -> list[str]:
    """A fox that is finished, a cat that failed, and a dog under way; a second between them."""
    fox = await rig.imagine("a red fox", state="zoo")
    await rig.finished(fox)
    cat = await rig.imagine("a red cat [[fault:fail]]")
    await rig.finished(cat)
    rig.clock.pass_by(1_000)
    return [fox, cat, await rig.imagine("一只红狐 in the snow")]


async def test_the_documents_can_be_followed_request_by_request(rig: Rig, admin: Manager) -> None:
    alice = manages(rig, rig.alice)
    task = await rig.imagine("a beautiful landscape")
    await rig.finished(task)
    span = f"start_timestamp={START // 1000}&end_timestamp={START // 1000 + 3_600}"
    token = alice.headers["Authorization"]
    headers = {
        "Content-Type": "application/json",
        "Authorization": token,
        "New-Api-User": f"Bearer {alice.id}",
    }

    answer = await rig.client.get(f"{OWN}?p=1&page_size=20&mj_id={task}&{span}", headers=headers)
    all_ = await admin.ask(
        "GET", f"/api/mj/?p=1&page_size=20&channel_id={rig.channel_id}&mj_id={task}&{span}"
    )
    refused = await rig.client.get(OWN, headers=headers | {"New-Api-User": "Bearer 999"})

    for found, wanted in ((answer, "self_list"), (all_, "admin_list")):
        assert alike(found.json(), DOCUMENTED[wanted]) == [], found.text
        assert (found.json()["data"]["total"], len(found.json()["data"]["items"])) == (1, 1)
    assert refused.status_code == 401
    assert alike(refused.json(), DOCUMENTED["list_error"]) == []


def alike(found: Json, documented: Json, place: str = "") -> list[str]:
    """Where the answer lacks a documented name, or has it with another type."""
    if type(found) is not type(documented):
        return [f"{place}: {type(found).__name__}"]
    if isinstance(documented, dict):
        wanted = cast("dict[str, Json]", documented)
        missing = [f"{place}.{name}" for name in wanted if name not in found]
        return missing + [
            each
            for name in wanted.keys() & found.keys()
            for each in alike(found[name], wanted[name], f"{place}.{name}")
        ]
    if isinstance(documented, list):
        return [each for one in found for each in alike(one, documented[0], place)]
    if place.endswith("_time"):
        return [] if len(str(found)) == len(str(documented)) else [f"{place}: not seconds"]
    return []


async def test_an_item_says_all_and_0_or_nothing_where_there_is_nothing(
    rig: Rig, admin: Manager
) -> None:
    _, cat, dog = await three(rig)

    own = {each["mj_id"]: each for each in await items(manages(rig, rig.alice))}
    everybodys = {each["mj_id"]: each for each in await items(admin, path="/api/mj/")}

    fox = next(each for each in own.values() if each["status"] == "SUCCESS")
    assert fox["id"] == int(fox["mj_id"])
    assert (fox["progress"], fox["state"], fox["mode"], fox["code"]) == ("100%", "zoo", "FAST", 1)
    assert [each["label"] for each in json.loads(fox["buttons"])][:2] == ["U1", "U2"]
    assert json.loads(fox["properties"])["jobId"]
    assert (fox["video_url"], fox["video_urls"], fox["fail_reason"]) == ("", "", "")
    assert (fox["quota"], own[cat]["quota"], own[dog]["quota"]) == (50_000, 0, 50_000)
    assert own[cat]["fail_reason"] != ""
    assert (own[dog]["finish_time"], own[dog]["buttons"], own[dog]["refund"]) == (0, "", 0)
    assert {"user_id", "channel_id", "upstream_id"}.isdisjoint(fox)
    assert fox["image_url"] == (await rig.fetch(fox["mj_id"]))["imageUrl"]
    more = everybodys[fox["mj_id"]]
    assert (more["user_id"], more["channel_id"]) == (rig.alice.user_id, rig.channel_id)
    assert isinstance(more["upstream_id"], str)


async def test_clips_are_listed_as_json_in_a_text(rig: Rig) -> None:
    image = "https://example.com/a.png"
    answer = await rig.post(
        "/mj/submit/video", {"prompt": "waves", "image": image, "motion": "low"}
    )
    await rig.finished(answer.json()["result"])

    found = (await items(manages(rig, rig.alice)))[0]

    shown = await rig.fetch(answer.json()["result"])
    assert found["action"] == "VIDEO"
    assert (found["image_url"], found["video_url"]) == (shown["imageUrl"], shown["videoUrl"])
    assert json.loads(found["video_urls"])[0] == found["video_url"] != ""


async def test_filters_find_what_fits_and_totals_count_it(rig: Rig, admin: Manager) -> None:
    fox, cat, dog = await three(rig)
    await rig.post("/mj/submit/imagine", {"prompt": "bob's red fox"}, by=rig.bob)
    alice = manages(rig, rig.alice)
    uuid = json.loads((await items(alice, f"mj_id={fox}"))[0]["properties"])["jobId"]
    expected: dict[str, set[str]] = {
        "": {fox, cat, dog},
        f"mj_id={fox}": {fox},
        f"mj_id={uuid}": {fox},
        "mj_id=task123": set(),
        "mj_id=%00%F0%9F%A6%8A": set(),
        "status=SUCCESS": {fox},
        "status=failure": {cat},
        "status=SUBMITTED": {dog},
        "status=MODAL": set(),
        "action=IMAGINE": {fox, cat, dog},
        "action=BLEND": set(),
        "mode=FAST": {fox, cat, dog},
        "mode=RELAX": set(),
        "q=red": {fox, cat},
        "q=RED%20fox": {fox},
        "q=" + quote("红狐"): {dog},
        "q=" + quote("　狐"): {dog},
        "q=" + quote("红雪"): set(),
        "q=re": set(),
        "q=%22*)%20OR%20red": set(),
        "q=!!": set(),
        "q=red&status=FAILURE": {cat},
        f"user_id={rig.bob.user_id}": {fox, cat, dog},
        f"start_timestamp={int(dog) // 1000}": {dog},
        f"start_timestamp={int(dog) // 10**6}": {dog},
        f"end_timestamp={int(fox) // 10**6}": {fox},
        f"end_timestamp={int(fox) // 1000 - 1}": set(),
        f"start_timestamp={START // DAY * DAY}&end_timestamp={(START // DAY + 1) * DAY - 1}": {
            fox, cat, dog,
        },
    }  # fmt: skip
    await folded(rig)
    await rig.set("lists_per_second", value=0)

    for query, wanted in expected.items():
        found = await alice.data("GET", f"{OWN}?{query}&sums=1")
        assert {each["mj_id"] for each in found["items"]} == wanted, query
        assert (found["total"], "total_capped" in found) == (len(wanted), False), query
        cost = sum(each["quota"] for each in found["items"])
        assert (found["sum_quota"], found["sum_refund"]) == (cost, 0), query
    assert prompts(await items(admin, "q=fox", "/api/mj")) == ["bob's red fox", "a red fox"]
    assert prompts(await items(admin, f"user_id={rig.bob.user_id}", "/api/mj/")) == [
        "bob's red fox"
    ]
    assert len(await items(admin, f"channel_id={rig.channel_id}", "/api/mj/")) == 4
    assert await items(admin, "channel_id=999", "/api/mj/") == []


async def test_pages_have_aliases_and_deep_ones_a_cursor(rig: Rig) -> None:
    for number in range(5):
        await rig.imagine(f"fox {number}")
        rig.clock.pass_by(1)
    alice = manages(rig, rig.alice)

    first = await alice.data("GET", f"{OWN}?p=0&ps=2")
    second = await alice.data("GET", f"{OWN}?p=2&size=2")
    beyond = await alice.data("GET", f"{OWN}?p=9&page_size=500")
    seen, cursor = prompts(first["items"]), first["next_cursor"]
    while cursor:
        part = await alice.data("GET", f"{OWN}?page_size=2&cursor={cursor}")
        seen, cursor = seen + prompts(part["items"]), part.get("next_cursor")

    assert (first["page"], first["page_size"], first["total"]) == (1, 2, 5)
    assert prompts(second["items"]) == ["fox 2", "fox 1"]
    assert (beyond["items"], beyond["page_size"], beyond["total"]) == ([], 100, 5)
    assert seen == [f"fox {number}" for number in range(4, -1, -1)]


async def test_words_are_found_from_the_newest_however_many_weeks_lie_between(rig: Rig) -> None:
    tasks = list[str]()
    for number in range(5):
        tasks.append(await rig.imagine(f"fox {number} {'one' if number else 'two'}"))
        rig.clock.pass_by((number + 1) * 4 * DAY)
    await folded(rig)
    alice = manages(rig, rig.alice)

    pages, query = list[list[str]](), "q=fox"
    while len(pages) < 5:
        part = await alice.data("GET", f"{OWN}?page_size=2&{query}")
        pages.append(prompts(part["items"]))
        assert part["total"] == 5
        if "next_cursor" not in part:
            break
        query = f"q=fox&cursor={part['next_cursor']}"
    second = await alice.data("GET", f"{OWN}?q=fox&page_size=2&p=2&mode=FAST")
    begin, end = int(tasks[1]) // 1_000, int(tasks[3]) // 1_000
    between = await alice.data(
        "GET", f"{OWN}?q=fox%20one&start_timestamp={begin}&end_timestamp={end}&sums=1"
    )

    assert pages == [["fox 4 one", "fox 3 one"], ["fox 2 one", "fox 1 one"], ["fox 0 two"]]
    assert (prompts(second["items"]), second["total"]) == (["fox 2 one", "fox 1 one"], 5)
    assert prompts(between["items"]) == ["fox 3 one", "fox 2 one", "fox 1 one"]
    assert (between["total"], between["sum_quota"]) == (3, 150_000)


async def test_what_the_database_is_told_to_stop_at_is_503_and_the_next_is_answered(
    rig: Rig, admin: Manager
) -> None:
    await rig.imagine()
    await folded(rig)
    hurried = replace(rig.gateway, reading=Reading(lists=0, stats=0))
    transport = httpx.ASGITransport(create_app(hurried, WebSettings()))

    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        impatient = replace(admin, client=client)
        for path in ("mj/", "mj/?q=fox", "mj/self?q=fox&mode=FAST", "stats/", "stats/?by=user"):
            found = await impatient.refused(503, "GET", f"/api/{path}")
            assert "takes " in found["message"], path

    reader, fox = rig.gateway.store.reader, Filter(words=("fox",))
    assert await listing.total(reader, fox, seen=3, limit=0) == Total(3, capped=True)
    assert await listing.sums(reader, fox, limit=0) is None
    assert len(await items(admin, "q=fox", "/api/mj/")) == 1


@one_engine
async def test_what_cannot_be_asked_is_400_and_named(rig: Rig) -> None:
    alice = manages(rig, rig.alice)
    wrong = [
        "p=-1", "p=x", "page_size=-5", "ps=1.5", "cursor=x", "start_timestamp=yesterday",
        "end_timestamp=-1", "status=DONE", "action=DANCE", "mode=SLOW",
    ]  # fmt: skip

    for query in wrong:
        found = await alice.refused(400, "GET", f"{OWN}?{query}")
        assert found["field"] in {query.partition("=")[0], "page_size"}, query


async def test_refunds_are_listed_and_summed(rig: Rig, admin: Manager) -> None:
    task = await rig.imagine()
    await rig.finished(task)
    await admin.data("POST", f"/api/mj/{task}/refund", {"reason": "ugly", "amount": 20_000})

    alice = manages(rig, rig.alice)
    before = await alice.data("GET", f"{OWN}?sums=1")
    await folded(rig)
    after = await alice.data("GET", f"{OWN}?sums=1&status=SUCCESS")
    counted = await alice.data("GET", f"{OWN}?sums=1&q=fox")

    for found in (before, after, counted):
        assert (found["items"][0]["quota"], found["items"][0]["refund"]) == (50_000, 20_000)
        assert (found["sum_quota"], found["sum_refund"]) == (50_000, 20_000)


async def test_a_confirmed_windows_new_prompt_is_what_it_is_found_by(rig: Rig) -> None:
    grid = await rig.imagine("a forest")
    await rig.finished(grid)
    window = (await rig.press(grid, "V1", enableRemix=True))["result"]
    await folded(rig)
    await rig.post("/mj/submit/modal", {"taskId": window, "prompt": "a meadow"})
    await folded(rig)

    alice = manages(rig, rig.alice)

    assert [each["mj_id"] for each in await items(alice, "q=meadow")] == [window]
    assert [each["mj_id"] for each in await items(alice, "q=forest")] == [grid]


async def test_an_export_has_every_task_in_lines_that_no_spreadsheet_runs(
    rig: Rig, admin: Manager
) -> None:
    for text in ('=HYPERLINK("http://evil")', "+1", "-1", "@x", "a, b\nc"):
        await rig.imagine(text)
        rig.clock.pass_by(1)
    alice = manages(rig, rig.alice)

    answer = await alice.ask("GET", f"{OWN}/export?action=IMAGINE")
    everybodys = await admin.ask("GET", f"/api/mj/export?user_id={alice.id}")
    head = await alice.ask("HEAD", f"{OWN}/export")
    audit = await admin.data("GET", "/api/audit/?act=tasks%20exported")

    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    listed = (await items(alice))[0]
    assert [line["prompt"] for line in lines] == [
        "a, b\nc", "'@x", "'-1", "'+1", "'=HYPERLINK(\"http://evil\")",
    ]  # fmt: skip
    assert list(lines[0]) == list(listed)
    assert lines[0]["mj_id"] == listed["mj_id"]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    assert everybodys.text.splitlines()[0].endswith("user_id,channel_id,upstream_id")
    assert (head.status_code, head.text) == (200, "")
    assert [each["subject"] for each in audit["items"]] == [
        "all tasks",
        f"tasks of user {alice.id}",
    ]
    assert audit["items"][1]["after"]["action"] == "IMAGINE"


@one_engine
async def test_an_export_breaks_off_when_its_reader_may_no_longer(rig: Rig) -> None:
    carol = await a_user(rig)
    for number in range(3):
        await rig.post(
            "/mj/submit/imagine", {"prompt": str(number)}, by=Person(carol.id, 0, carol.key)
        )
        rig.clock.pass_by(1)
    whole = Filter(user_id=carol.id)
    lines = export.lines(a_call(rig, carol), whole, admin=False, batch=1, checked_every=-1)

    head, first = await anext(lines), await anext(lines)
    await rig.gateway.store.write(disable, carol.id)

    assert head.startswith(b"id,")
    assert first.count(b"\r\n") == 1
    with pytest.raises(KeyDisabled):
        await anext(lines)


async def disable(tx: Transaction, user_id: int) -> None:
    await tx.run("UPDATE users SET status = 'disabled' WHERE id = :id", id=user_id)


def a_call(rig: Rig, who: Manager) -> Call:
    """The request for an export, as the handler gets it."""
    headers = [(name.lower().encode(), value.encode()) for name, value in who.headers.items()]
    scope = {"type": "http", "method": "GET", "path": OWN, "query_string": b"", "headers": headers}
    context = Context(
        gateway=rig.gateway,
        doors=Doors(rig.gateway),
        room=Room(1),
        settings=WebSettings(),
        watching=Watching(rig.gateway),
    )
    return Call(context, Request(scope), None)


@one_engine
async def test_an_export_is_one_of_six_a_minute(rig: Rig) -> None:
    carol = await a_user(rig)

    statuses = [(await carol.ask("GET", f"{OWN}/export")).status_code for _ in range(7)]

    assert statuses == [200] * 6 + [429]


async def test_totals_follow_a_task_from_channel_to_channel(make_rig: MakeRig) -> None:
    rig = await make_rig(max_running=1)
    for number in range(3):
        await rig.imagine(f"fox {number}")
        rig.clock.pass_by(1)
    first = (await items(manages(rig, rig.alice)))[-1]["mj_id"]
    admin_rows = await rig.gateway.store.reader.rows(
        "SELECT channel_id, SUM(count) AS n FROM tally_delta WHERE outcome = 'ACCEPTED'"
        " GROUP BY channel_id ORDER BY channel_id"
    )
    await rig.finished(first)
    await rig.hand_on()
    await folded(rig)

    rows = await rig.gateway.store.reader.rows(
        "SELECT channel_id, count FROM tally WHERE user_id = 0 AND day = 0"
        " AND outcome = 'ACCEPTED' AND count <> 0 ORDER BY channel_id"
    )

    assert [tuple(row) for row in admin_rows] == [(0, 2), (rig.channel_id, 1)]
    assert [tuple(row) for row in rows] == [(0, 1), (rig.channel_id, 2)]
    assert re.fullmatch(r"\d{16}", first)


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_the_documented_answers_are_whole(name: str) -> None:
    assert "success" in DOCUMENTED[name]
