"""Where the gateway answers: prefixes, near misses, wrong methods, foreign host names."""

import httpx
import pytest

from mjgate.config import Config
from mjgate.domain.action import RULES
from mjgate.web import WebSettings
from tests.rig import Rig
from tests.web.shape import FOX, IMAGINE, calling, one_engine, refused, served, untouched

pytestmark = one_engine

PREFIXES = [
    ("/mj", "FAST"),
    ("/mj-fast/mj", "FAST"),
    ("/mj-relax/mj", "RELAX"),
    ("/mj-turbo/mj", "TURBO"),
    ("/fast/mj", "FAST"),
    ("/relax/mj", "RELAX"),
    ("/turbo/mj", "TURBO"),
    ("/mj/mj", "FAST"),
    ("/mj-relax/mj/mj", "RELAX"),
    ("/mj/mj-relax/mj", "RELAX"),
    ("/mj/turbo/mj", "TURBO"),
    ("//mj", "FAST"),
    ("/mj/", "FAST"),
    ("/mj//mj", "FAST"),
    ("/mj-turbo//mj", "TURBO"),
    ("/mj-turbo/mj/", "TURBO"),
    ("/mj-turbo/mj//mj/", "TURBO"),
]


@pytest.mark.parametrize(("prefix", "mode"), PREFIXES)
async def test_each_prefix_serves_the_same_protocol_in_its_mode(
    rig: Rig, prefix: str, mode: str
) -> None:
    submitted = await rig.post(f"http://gateway{prefix}/submit/imagine", FOX)
    task_id = submitted.json()["result"]

    fetched = await rig.get(f"http://gateway{prefix}/task/{task_id}/fetch")
    listed = await rig.post(f"http://gateway{prefix}/task/list-by-condition/", {"ids": [task_id]})

    assert (fetched.status_code, served(fetched)["mode"]) == (200, mode)
    assert [task["id"] for task in listed.json()] == [task_id]
    assert not submitted.history


@pytest.mark.parametrize("prefix", [row[0] for row in PREFIXES])
async def test_a_slash_at_the_end_changes_nothing(rig: Rig, prefix: str) -> None:
    answer = await rig.post(f"http://gateway{prefix}/submit/imagine/", FOX)

    assert (answer.status_code, answer.json()["code"]) == (200, 1)


NOWHERE = [
    ("POST", "/mj-slow/mj/submit/imagine", "/mj-relax/mj"),
    ("POST", "/MJ-FAST/mj/submit/imagine", "/mj-fast/mj"),
    ("POST", "/v1/mj/submit/imagine", "/turbo/mj"),
    ("POST", "/fast/relax/mj/submit/imagine", "/relax/mj"),
    ("POST", "/mj-fast/submit/imagine", "/mj-fast/mj/submit/imagine"),
    ("POST", "/mj-slow/submit/imagine", "under /mj"),
    ("POST", "/submit/imagine", "/mj/submit/imagine"),
    ("GET", "/task/1763712000000000/fetch", "/mj/task/"),
    ("POST", "/insight-face/swap", "/mj/insight-face/swap"),
    ("POST", "/mj/submit/imagin", "/mj/submit/imagin"),
    ("POST", "/mj/submit", "/mj/submit"),
    ("GET", "/mj/task/1/2/3/fetchh", "/mj/task/1"),
    ("GET", "/mj", "/mj"),
    ("GET", "/mj/", "/mj"),
    ("GET", "/", "under /mj"),
    ("GET", "/index.html", "under /mj"),
    ("GET", "/health", "under /mj"),
    ("POST", "/mjj/submit/imagine", "under /mj"),
    ("GET", "/mj/../../etc/passwd", "/mj"),
    ("GET", "/mj/%00", "/mj"),
    ("GET", "/mj/" + "mj/" * 5_000 + "mj", "/mj"),
]


@pytest.mark.parametrize(("method", "path", "hint"), NOWHERE, ids=lambda text: str(text)[:40])
async def test_an_unknown_path_says_so_and_what_was_meant(
    rig: Rig, method: str, path: str, hint: str
) -> None:
    headers = {"mj-api-secret": rig.alice.key}

    answer = await rig.client.request(method, path, headers=headers)

    body = refused(answer, 404, "not_found")
    assert hint in body["description"]
    assert len(body["description"]) < 300
    await untouched(rig)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "ODD"])
async def test_a_wrong_method_is_told_the_right_one(rig: Rig, method: str) -> None:
    headers = {"mj-api-secret": rig.alice.key}

    for path in (*RULES, "submit/edit", "task/list-by-condition", "task/list-by-ids"):
        answer = await rig.client.request(method, f"/mj/{path}", headers=headers)

        refused(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"
    await untouched(rig)


@pytest.mark.parametrize("path", ["/mj/task/1763712000000000/fetch", "/health/live"])
async def test_what_is_only_read_cannot_be_posted(rig: Rig, path: str) -> None:
    answer = await rig.post(path, {})

    refused(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health_is_told_to_anybody(rig: Rig, path: str) -> None:
    answer = await rig.client.get(path)

    assert (answer.status_code, served(answer)["status"]) == (200, "ok")


async def test_not_ready_without_a_database(rig: Rig) -> None:
    await rig.gateway.store.close()

    ready = await rig.client.get("/health/ready")
    live = await rig.client.get("/health/live")

    assert ready.status_code in {500, 503}
    refused(ready, ready.status_code, ready.json()["error"])
    assert live.status_code == 200


OURS = ["gateway.example", "GATEWAY.example", "gateway.example:8443", "gateway.example.",
        "127.0.0.1", "127.0.0.1:8000", "localhost:8000", "[::1]", "[::1]:8000"]  # fmt: skip

FOREIGN = ["evil.example", "gateway.example.evil.example", "evilgateway.example", "10.0.0.1", "",
           "[", "gateway.example@evil.example", "gateway.example evil", "[::2]:8000"]  # fmt: skip

HOSTS = Config(public_url="https://gateway.example/base").hosts


@pytest.mark.parametrize("host", OURS)
async def test_it_answers_under_its_own_names(rig: Rig, host: str) -> None:
    async with calling(rig, settings=WebSettings(hosts=HOSTS)) as client:
        answer = await client.get("/health/live", headers={"Host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
async def test_under_another_name_nothing_is_served(rig: Rig, host: str) -> None:
    headers = {"Host": host, "mj-api-secret": rig.alice.key}

    async with calling(rig, settings=WebSettings(hosts=HOSTS)) as client:
        submitted = await client.post(IMAGINE, json=FOX, headers=headers)
        health = await client.get("/health/live", headers={"Host": host})

    refused(submitted, 421, "bad_host")
    refused(health, 421, "bad_host")
    await untouched(rig)


async def test_two_host_names_are_none(rig: Rig) -> None:
    headers = [("Host", "gateway.example"), ("Host", "evil.example")]

    async with calling(rig, settings=WebSettings(hosts=HOSTS)) as client:
        answer = await client.get("/health/live", headers=headers)

    refused(answer, 421, "bad_host")


async def test_a_star_stands_for_every_name(rig: Rig) -> None:
    async with calling(rig, settings=WebSettings(hosts=("*",))) as client:
        answer = await client.get("/health/live", headers={"Host": "anything.example"})

    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "[", "", "a b"])
async def test_own_addresses_never_come_from_the_host_header(rig: Rig, host: str) -> None:
    task_id = await rig.imagine()
    await rig.finished(task_id)
    headers = {"Host": host, "X-Forwarded-Host": "evil.example", "mj-api-secret": rig.alice.key}

    task = (await rig.client.get(f"/mj/task/{task_id}/fetch", headers=headers)).json()
    nowhere = await rig.client.get("/mj/nowhere", headers=headers)

    assert httpx.URL(task["imageUrl"]).host == "gateway"
    refused(nowhere, 404, "not_found")
