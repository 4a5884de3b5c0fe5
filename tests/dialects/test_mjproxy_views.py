"""The task as we show it: every member always there, and read again it says the same."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.dialects.mjproxy import Media, SubmitAnswer, encode, read_report, show
from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.buttons import Button, of_grid
from mjgate.domain.prompt import clean
from mjgate.domain.reasons import FailReason
from mjgate.domain.task import Report, Result, State, Status, Task
from tests.tasks import a_task


class Picture(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    thumbnail: str


class Pressable(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    custom_id: str
    emoji: str
    label: str
    style: int
    type: int


Time = Annotated[int, msgspec.Meta(ge=10**12)]
Cuts = Annotated[list[str], msgspec.Meta(min_length=1)]
Pictures = Annotated[list[Picture], msgspec.Meta(min_length=1)]


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """A task as the protocol has it: no member may be missing, unknown or of another type."""

    id: str
    action: str
    status: str
    progress: str
    prompt: str
    prompt_en: str
    description: str
    state: str
    bot_type: str
    mode: str
    custom_id: str
    parent_id: str
    seed: str
    submit_time: Time
    start_time: Time | None
    finish_time: Time | None
    fail_reason: str | None
    fail_reason_again: str | None = msgspec.field(name="fail_reason")
    image_url: str
    image_urls: Pictures | None
    split_urls: Cuts | None
    thumbnail_url: str
    image_width: int
    image_height: int
    video_url: str
    video_urls: Pictures | None
    buttons: list[Pressable]
    mask_base64: str
    properties: dict[str, str | int | float | bool]


NAMES = [
    "id",
    "action",
    "status",
    "progress",
    "prompt",
    "promptEn",
    "description",
    "state",
    "botType",
    "mode",
    "customId",
    "parentId",
    "seed",
    "submitTime",
    "startTime",
    "finishTime",
    "failReason",
    "fail_reason",
    "imageUrl",
    "imageUrls",
    "splitUrls",
    "thumbnailUrl",
    "imageWidth",
    "imageHeight",
    "videoUrl",
    "videoUrls",
    "buttons",
    "maskBase64",
    "properties",
]

TEXTS = st.text(max_size=20).map(clean)
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
LINKS = WORDS.map(lambda word: f"https://us.example/mj/image/{word}")
BUTTONS = st.builds(
    Button,
    custom_id=WORDS.map(lambda word: f"MJ::{word}"),
    label=TEXTS,
    emoji=TEXTS,
    style=st.sampled_from([2, 3]),
)
EXTRAS = st.from_regex(r"x[a-z]{0,2}", fullmatch=True)
"""Names of properties; what sounds like a secret is not passed on."""
RESULTS = st.builds(
    Result,
    width=st.integers(0, 4_096),
    height=st.integers(0, 4_096),
    buttons=st.lists(BUTTONS, max_size=3).map(tuple),
    prompt_en=TEXTS,
    final_prompt=TEXTS,
    final_zh_prompt=TEXTS,
    description=TEXTS,
    seed=WORDS,
    properties=st.dictionaries(EXTRAS, st.integers(0, 9), max_size=2),
)
MEDIA = st.builds(
    Media,
    image_url=st.just("") | LINKS,
    image_urls=st.lists(LINKS, max_size=4),
    thumbnail_url=st.just("") | LINKS,
    video_urls=st.lists(LINKS, max_size=4),
) | st.builds(Media, split_urls=st.lists(LINKS, max_size=4))
TIMES = st.integers(1_700_000_000_000, 1_900_000_000_000)
TASKS = st.builds(
    a_task,
    id=st.integers(10**15, 2**53 - 1),
    action=st.sampled_from(Action),
    bot=st.sampled_from(Bot),
    mode=st.sampled_from(Mode),
    state=st.sampled_from(State),
    parent_id=st.none() | st.integers(10**15, 2**53 - 1),
    custom_id=st.just("") | WORDS,
    caller_state=TEXTS,
    prompt=TEXTS,
    progress=st.integers(0, 100),
    submit_at=TIMES,
    start_at=st.none() | TIMES,
    finish_at=st.none() | TIMES,
    confirmed=st.booleans(),
    rescued=st.booleans(),
    reason=st.just("") | st.sampled_from(FailReason).map(str),
    fail_text=TEXTS,
    result=RESULTS,
)


def shown(task: Task, media: Media | None = None) -> dict[str, Any]:
    return json.loads(encode(show(task, media or Media())))


@given(TASKS, MEDIA)
def test_every_member_is_always_there_with_its_type_and_none_besides(
    task: Task, media: Media
) -> None:
    raw = encode(show(task, media))

    msgspec.json.decode(raw, type=Strict)
    view = json.loads(raw)
    assert list(view) == NAMES
    assert {"finalPrompt", "finalZhPrompt"} <= view["properties"].keys()
    assert re.fullmatch(r"[0-9]{1,3}%", view["progress"])
    assert (view["progress"] == "100%") == (view["status"] in {"SUCCESS", "FAILURE"})
    assert bool(view["failReason"]) == (view["status"] == "FAILURE")
    assert view["fail_reason"] == view["failReason"]
    assert not view["buttons"] or view["status"] == "SUCCESS"
    assert view["videoUrl"] == (view["videoUrls"][0]["url"] if view["videoUrls"] else "")


@given(TASKS, MEDIA)
def test_the_json_is_compact_and_escapes_nothing_that_need_not_be(task: Task, media: Media) -> None:
    raw = encode(show(task, media))

    compact = json.dumps(json.loads(raw), ensure_ascii=False, separators=(",", ":"))
    assert raw.decode() == compact


@given(TASKS, MEDIA)
def test_what_is_written_and_read_again_says_the_same(task: Task, media: Media) -> None:
    view = show(task, media)

    read = read_report(msgspec.json.decode(encode(view)))

    images = tuple(each.url for each in view.image_urls or ()) or tuple(view.split_urls or ())
    properties = {name: v for name, v in task.result.properties.items() if v != ""}
    assert read == Report(
        upstream_id=str(task.id),
        status=task.status,
        progress=int(view.progress.removesuffix("%")),
        fail_text=view.fail_reason,
        echo=task.caller_state or None,
        image_url=view.image_url or None,
        image_urls=images or None,
        video_urls=tuple(each.url for each in view.video_urls or ()) or None,
        width=task.result.width or None,
        height=task.result.height or None,
        buttons=(task.result.buttons or None) if task.state is State.SUCCESS else None,
        prompt_en=view.prompt_en or None,
        final_prompt=str(view.properties["finalPrompt"]) or None,
        final_zh_prompt=task.result.final_zh_prompt or None,
        description=view.description,
        seed=task.result.seed,
        properties=properties or None,
    )


def test_a_finished_grid_looks_as_the_protocol_prints_it() -> None:
    url = "https://us.example/mj/image/1763712000123456"
    task = a_task(
        state=State.SUCCESS,
        progress=100,
        prompt="狐狸 --fast",
        caller_state="mine",
        start_at=1_763_712_001_000,
        finish_at=1_763_712_041_000,
        result=Result(prompt_en="a fox", final_prompt="a fox --v 7", buttons=of_grid("h")[:1]),
    )
    media = Media(image_url=url, split_urls=[f"{url}/{n}" for n in range(1, 5)])

    raw = encode(show(task, media)).decode()

    assert raw == (
        '{"id":"1763712000123456","action":"IMAGINE","status":"SUCCESS","progress":"100%",'
        '"prompt":"狐狸 --fast","promptEn":"a fox","description":"/imagine 狐狸 --fast",'
        '"state":"mine","botType":"MID_JOURNEY","mode":"FAST","customId":"","parentId":"",'
        '"seed":"","submitTime":1763712000123,"startTime":1763712001000,'
        '"finishTime":1763712041000,"failReason":null,"fail_reason":null,'
        f'"imageUrl":"{url}","imageUrls":null,'
        f'"splitUrls":["{url}/1","{url}/2","{url}/3","{url}/4"],"thumbnailUrl":"",'
        '"imageWidth":0,"imageHeight":0,"videoUrl":"","videoUrls":null,'
        '"buttons":[{"customId":"MJ::JOB::upsample::1::h","emoji":"","label":"U1","style":2,'
        '"type":2}],"maskBase64":"","properties":{"finalPrompt":"a fox --v 7",'
        f'"finalZhPrompt":"","jobId":"{task.job_uuid}"}}}}'
    )


def test_a_prompt_without_an_upstreams_is_shown_as_it_went_up() -> None:
    view = shown(a_task(prompt="a fox --turbo --ar 3:2"))

    assert (view["prompt"], view["promptEn"]) == ("a fox --turbo --ar 3:2", "a fox --ar 3:2")


@pytest.mark.parametrize(
    "result",
    [
        Result(final_prompt="one\n\ntwo"),
        Result(prompt_en="one\n\ntwo"),
        Result(prompt_en="other", final_prompt="one\n\ntwo"),
    ],
)
def test_what_describe_has_found_stands_in_all_three_places(result: Result) -> None:
    view = shown(a_task(action=Action.DESCRIBE, state=State.SUCCESS, prompt="", result=result))

    assert view["prompt"] == view["promptEn"] == "one\n\ntwo"
    assert view["properties"]["finalPrompt"] == "one\n\ntwo"


def test_an_unfinished_describe_has_found_nothing_yet() -> None:
    task = a_task(action=Action.DESCRIBE, state=State.RUNNING, prompt="")

    view = shown(task)

    assert (view["prompt"], view["properties"]["finalPrompt"]) == ("", "")
    assert view["description"] == "/describe"


@pytest.mark.parametrize("state", set(State) - {State.SUCCESS})
def test_buttons_are_shown_only_behind_a_success(state: State) -> None:
    task = a_task(state=state, result=Result(buttons=of_grid("h")))

    assert shown(task)["buttons"] == []
    assert len(shown(task._replace(state=State.SUCCESS))["buttons"]) == 9


@pytest.mark.parametrize(
    ("task", "fail_reason", "more"),
    [
        (
            a_task(state=State.CANCELLED, reason="cancelled", fail_text="cancelled"),
            "cancelled",
            {"cancelled": True},
        ),
        (
            a_task(state=State.FAILURE, reason="orphan", fail_text="Nobody knows."),
            "Nobody knows.",
            {"reason": "orphan"},
        ),
        (a_task(state=State.FAILURE, reason="admin"), "admin", {"reason": "admin"}),
        (a_task(state=State.FAILURE), "failed", {}),
        (
            a_task(state=State.SUCCESS, reason="orphan", fail_text="Nobody knows.", rescued=True),
            None,
            {"rescued": "orphan"},
        ),
        (a_task(state=State.RUNNING, fail_text="soon"), None, {}),
    ],
)
def test_an_end_is_told_in_the_words_of_the_protocol(
    task: Task, fail_reason: str | None, more: Mapping[str, object]
) -> None:
    view = shown(task)

    usual: dict[str, object] = {"finalPrompt": "", "finalZhPrompt": "", "jobId": task.job_uuid}
    assert view["failReason"] == view["fail_reason"] == fail_reason
    assert view["properties"] == {**usual, **more}


FOREIGN: Sequence[tuple[str, str]] = [
    ("https://cdn.example/1.png a fox", "[image] a fox"),
    ("HTTP://cdn.example/1.png", "[image]"),
    ("a fox --dref https://cdn.example/1.png--fast", "a fox --dref [image]"),
    ("see www.cdn.example now", "see [image] now"),
    ("cdn.example.com/1.png", "[image]"),
    ("discord://x/y //cdn.example/1.png", "[image] [image]"),
    ("3https://cdn.example/", "[image]"),
    ("a fox and/or a cat --ar 3:2 --v 6.1", "a fox and/or a cat --ar 3:2 --v 6.1"),
    ("https://mine.example/a.png a fox", "https://mine.example/a.png a fox"),
]


@pytest.mark.parametrize(("said", "seen"), FOREIGN)
def test_an_upstreams_addresses_are_hidden_and_the_callers_own_stay(said: str, seen: str) -> None:
    result = Result(prompt_en=said, final_prompt=said, final_zh_prompt=said, description=said)
    task = a_task(prompt="https://mine.example/a.png a fox", result=result)

    view = shown(task)

    assert view["promptEn"] == view["description"] == seen
    assert view["properties"]["finalPrompt"] == view["properties"]["finalZhPrompt"] == seen
    assert view["prompt"] == task.prompt


@pytest.mark.parametrize("text", ["a" * 32_768, "a." * 16_384, "a-" * 16_384, "a/" * 16_384])
def test_a_long_text_is_searched_in_one_pass(text: str) -> None:
    assert shown(a_task(result=Result(final_prompt=text)))["properties"]["finalPrompt"]


def test_progress_says_100_only_at_the_end() -> None:
    running = {shown(a_task(state=State.RUNNING, progress=n))["progress"] for n in (99, 100)}

    assert running == {"99%"}
    assert shown(a_task(state=State.CANCELLED))["progress"] == "100%"
    assert a_task(state=State.CANCELLED).status is Status.FAILURE


def test_an_answer_to_a_submit_has_its_four_members() -> None:
    assert encode(SubmitAnswer(1, "好", "42")) == (
        '{"code":1,"description":"好","result":"42","properties":{}}'.encode()
    )
    assert encode(SubmitAnswer(4, "no")) == (
        b'{"code":4,"description":"no","result":null,"properties":{}}'
    )
    assert json.loads(encode(SubmitAnswer(1, "", ["a"], {"x": 1})))["result"] == ["a"]
