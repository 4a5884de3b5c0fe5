"""What `mjgate check` tells of servers that are whole, odd, shut or away."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from mjgate.conformance import Talk, checked
from mjgate.domain.action import RULES, Action
from mjgate.domain.finding import State
from mjgate.sandbox.server import running
from mjgate.upstream import Upstream
from tests.lifecycle.talker import Answer, Asked, says, takes, talking
from tests.sandbox.client import PLAIN

SECRET = "the-right-one"
TAKEN = says({"code": 4, "description": "prompt is required"})
NOWHERE = says(b"<html>404</html>", "404 Not Found", kind="text/html")

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("loopback")]


@asynccontextmanager
async def talk(url: str, *, secret: str = SECRET) -> AsyncGenerator[Talk]:
    """A conversation that hurries."""
    upstream = await Upstream.open()
    try:
        yield Talk(upstream, url, secret, patience=10, pause=0.01)
    finally:
        await upstream.close()


async def told(
    url: str, *, pay: bool = False, secret: str = SECRET
) -> tuple[dict[str, State], dict[str, str], Mapping[str, str]]:
    """How each thing is, the sentence about it, and the options that were learned."""
    async with talk(url, secret=secret) as open_talk:
        found = [finding async for finding in checked(open_talk, pay=pay)]
        return (
            {each.what: each.state for each in found},
            {each.what: each.text for each in found},
            open_talk.options,
        )


def odd(**more: bytes) -> Answer:
    """A server of another house: bearer keys, numbers for buttons, `edit`, `/fast`, HTML."""
    served = (
        "/mj/submit/imagine",
        "/mj/submit/change",
        "/mj/submit/edit",
        "/fast/mj/submit/imagine",
    )

    def answer(asked: Asked) -> bytes:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return says({"code": 4, "description": "Who are you?"}, "401 Unauthorized")
        if asked.path == "/mj/task/list-by-condition":
            return says([])
        return more.get(asked.path) or (TAKEN if asked.path in served else NOWHERE)

    return answer


async def test_the_sandbox_passes_every_probe_and_draws() -> None:
    async with running(replace(PLAIN, secret=SECRET)) as port:
        states, texts, options = await told(f"http://127.0.0.1:{port}", pay=True)

    assert {what: texts[what] for what, state in states.items() if state is not State.GOOD} == {}
    orders = {path for path, rule in RULES.items() if rule.action is not Action.UPLOAD}
    assert orders < set(states)
    assert {"a picture", "its end", "its bytes", "its buttons", "its button U1", "seed"} < set(
        states
    )
    assert options == {"path": "mj-fast"}


async def test_nothing_is_drawn_unless_it_is_asked_for() -> None:
    async with running(replace(PLAIN, secret=SECRET)) as port, talk("") as other:
        url = f"http://127.0.0.1:{port}"
        await told(url)
        stats = await replace(other, base_url=url).ask("GET", "/sandbox/stats")

    assert b'"jobs":0' in stats.body


async def test_the_options_of_an_odd_server_are_learned() -> None:
    async with talking(odd()) as server:
        states, texts, options = await told(server.url)

    assert options == {"auth": "bearer", "edits": "edit", "actions": "change", "path": "fast"}
    assert states["key"] is State.GOOD
    assert texts["modes"] == "They have paths: /fast/mj (FAST)."
    wanting = {what for what, state in states.items() if state is State.WARNING}
    assert {"latest tasks", "errors", "submit/video", "insight-face/swap", "buttons"} < wanting
    assert State.BROKEN not in states.values()


async def test_a_wrong_key_ends_the_check_with_what_the_server_says_of_it() -> None:
    async with talking(odd()) as server:
        states, texts, _ = await told(server.url, secret="wrong")

    assert states == {"address": State.GOOD, "key": State.BROKEN}
    assert texts["key"] == "It is refused: Who are you?."


async def test_a_server_that_looks_at_no_key_is_told() -> None:
    async with running(PLAIN) as port:
        states, texts, _ = await told(f"http://127.0.0.1:{port}")

    assert states["other keys"] is State.WARNING
    assert "whoever knows the address" in texts["other keys"]


async def test_an_order_without_a_field_must_not_be_taken() -> None:
    async with talking(odd(**{"/mj/submit/imagine": takes("job-17")})) as server:
        states, texts, _ = await told(server.url)

    assert states["submit/imagine"] is State.BROKEN
    assert texts["submit/imagine"].endswith("it took an order without any field, as job-17.")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, "does not answer"),
        (says(b"", "302 Found", {"Location": "https://elsewhere.example.com/"}), "elsewhere.ex"),
        (NOWHERE, "Is the address right?"),
        (says(b"<html>hello</html>", kind="text/html"), "cannot be read (HTTP 200"),
        (says({"code": 5}, "500 Internal Server Error"), "cannot be read (HTTP 500"),
    ],
)
async def test_a_server_that_is_none_of_ours_is_told_in_a_sentence(
    answer: bytes | None, expected: str
) -> None:
    async with talking(answer) as server:
        states, texts, _ = await told(server.url, pay=True)

    assert list(states.values())[-1] is State.BROKEN
    assert expected in list(texts.values())[-1]


def drawing(*looks: Mapping[str, object]) -> Answer:
    """The odd server, which also draws: what it tells of its job, look by look."""
    left = list(looks)
    plain = odd()

    def answer(asked: Asked) -> bytes | None:
        if asked.path.endswith("/submit/imagine") and asked.body:
            return takes("job-1")
        if asked.body == {"ids": ["job-1"]}:
            return says([{"id": "job-1"} | dict(left.pop(0) if len(left) > 1 else left[0])])
        return plain(asked)

    return answer


async def test_what_is_wrong_with_a_picture_is_told() -> None:
    looks = (
        {"status": "IN_PROGRESS", "progress": "60%"},
        {"status": "IN_PROGRESS", "progress": "30%"},
        {"status": "SUCCESS", "progress": "100%", "imageUrl": "http://127.0.0.1:9/gone.png"},
    )
    async with talking(drawing(*looks)) as server:
        states, texts, _ = await told(server.url, pay=True)

    assert (states["its end"], states["its bytes"]) == (State.GOOD, State.BROKEN)
    assert "It goes back (60%, 30%, 100%)" in texts["progress"]
    assert {states[what] for what in ("state", "progress", "its buttons", "seed")} == {
        State.WARNING
    }


async def test_a_picture_that_fails_is_told_with_its_reason() -> None:
    async with talking(drawing({"status": "FAILURE", "failReason": "moderated"})) as server:
        states, texts, _ = await told(server.url, pay=True)

    assert (states["its end"], texts["its end"]) == (State.BROKEN, "FAILURE: moderated.")
    assert "its button U1" not in states
