"""What upstreams say of their tasks: recorded answers, and every odd form met in the field."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.dialects import Heard
from mjgate.dialects.mjproxy import read_report, reports
from mjgate.domain.buttons import Button
from mjgate.domain.errors import Unanswered
from mjgate.domain.task import Report, Result, Status
from tests.json_values import JSON, bodies

SAMPLES = Path(__file__).parent.parent / "samples" / "mjproxy"
LINK = "https://cdn.example/1.png"
MEMBERS = (
    "id", "action", "status", "progress", "prompt", "promptEn", "description", "state",
    "failReason", "fail_reason", "imageUrl", "imageUrls", "splitUrls", "videoUrl", "videoUrls",
    "imageWidth", "imageHeight", "buttons", "seed", "properties",
)  # fmt: skip


def sample(name: str) -> Report:
    found = reports(Heard(200, {}, (SAMPLES / f"{name}.json").read_bytes()))
    assert len(found) == 1
    return found[0]


def report(**members: object) -> Report:
    found = read_report({"id": "1", **members})
    assert found is not None
    return found


def kept(**properties: object) -> Mapping[str, object] | None:
    return report(properties=properties).properties


def test_a_recorded_task_under_way_is_read() -> None:
    prompt = "a beautiful sunset over the ocean --ar 16:9 --v 6"

    assert sample("crazyrouter_fetch_in_progress") == Report(
        upstream_id="task_1234567890", status=Status.IN_PROGRESS, progress=65, prompt_en=prompt
    )


def test_a_recorded_grid_is_read_with_its_buttons() -> None:
    found = sample("crazyrouter_fetch_success")

    assert (found.status, found.progress, found.fail_text) == (Status.SUCCESS, 100, None)
    assert found.image_url == "https://cdn.discordapp.com/attachments/.../image.png"
    assert found.buttons is not None
    assert found.buttons[0] == Button("MJ::JOB::upsample::1::abc123", "U1", "U1")
    assert [button.label for button in found.buttons] == [
        f"{letter}{n}" for letter in "UV" for n in range(1, 5)
    ]
    assert found.properties is None


def test_recorded_edits_have_four_pictures_and_our_state() -> None:
    found = sample("openaihk_edits_success")

    stem = "https://cdn.midjourney.com/1651da63-85c6-45c7-9679-f42381c73c78/0_"
    assert found.image_urls == tuple(f"{stem}{n}.png" for n in range(4))
    assert (found.echo, found.video_urls, found.buttons) == ("9", None, None)
    assert found.final_prompt is not None
    assert found.final_prompt.startswith("Change to a white background. --ar 1:1")


def test_a_recorded_video_has_four_clips_and_keeps_only_plain_properties() -> None:
    found = sample("openaihk_video_success")

    stem = "https://cdn.discordapp.com/video/5938067e-b820-4938-b3ad-69d81778cbc4/0_"
    assert found.video_urls == tuple(f"{stem}{n}.mp4" for n in range(4))
    assert (found.width, found.height, found.image_urls) == (624, 624, None)
    assert found.properties == {"flags": 0, "messageHash": "5938067e-b820-4938-b3ad-69d81778cbc4"}


def test_a_recorded_notice_is_read_like_a_look() -> None:
    found = sample("notify_callback")

    assert (found.upstream_id, found.status) == ("14001929738841620", Status.SUCCESS)
    assert (found.prompt_en, found.final_prompt, found.fail_text) == ("Cat", "Cat", None)


def test_every_recorded_task_is_among_these() -> None:
    recorded = {path.stem for path in SAMPLES.glob("*.json") if "submit" not in path.stem}

    assert recorded == {
        "crazyrouter_fetch_in_progress",
        "crazyrouter_fetch_success",
        "notify_callback",
        "openaihk_edits_success",
        "openaihk_video_request",  # a request of a client
        "openaihk_video_success",
    }


def test_what_a_describe_found_may_stand_in_its_prompt_alone() -> None:
    assert report(action="Describe", prompt="a fox").prompt_en == "a fox"
    assert report(action="DESCRIBE", prompt="狐", promptEn="a fox").prompt_en == "a fox"
    assert report(action="IMAGINE", prompt="a fox").prompt_en is None


def test_a_sparse_answer_names_only_what_it_changes() -> None:
    sparse = report(status="IN_PROGRESS", progress="3%", imageUrl=LINK)

    assert sparse == Report(upstream_id="1", status=Status.IN_PROGRESS, progress=3, image_url=LINK)
    assert report() == Report(upstream_id="1")


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_what_is_null_or_empty_is_not_named(nothing: object) -> None:
    empty = {name: nothing for name in MEMBERS if name not in {"id", "status"}}

    assert report(**empty) == Report(upstream_id="1")


@pytest.mark.parametrize("name", [name for name in MEMBERS if name != "id"])
def test_a_member_of_a_wrong_type_is_as_good_as_missing(name: str) -> None:
    for value in (True, 1.5, [[1]], {"x": {"y": 1}}, [None, 7]):
        odd = report(**{name: value})

        if name != "properties" and not (name == "progress" and value == 1.5):
            assert odd == Report(upstream_id="1"), value


@pytest.mark.parametrize(
    ("value", "progress"),
    [
        ("65%", 65), ("65", 65), (65, 65), (65.9, 65), ("65.9%", 65), (" 65 % ", 65), ("0%", 0),
        (0, 0), ("100%", 100), ("150%", 100), (999, 100), ("065", 65), ("65.", 65),
        ("1000%", None), (1000, None), (-1, None), ("-1%", None), ("%", None), ("", None),
        ("done", None), ("\uff16\uff15%", None), (True, None), (1e22, None),
        (10**30, None), ("6 5%", None),
    ],
    ids=repr,
)  # fmt: skip
def test_progress_is_read_in_every_form(value: object, progress: int | None) -> None:
    assert report(progress=value).progress == progress


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NOT_START", Status.NOT_START), ("", Status.NOT_START), ("SUBMITTED", Status.SUBMITTED),
        ("MODAL", Status.MODAL), ("IN_PROGRESS", Status.IN_PROGRESS), ("SUCCESS", Status.SUCCESS),
        ("FAILURE", Status.FAILURE), ("CANCEL", Status.FAILURE), ("CANCELLED", Status.FAILURE),
        (" success ", Status.SUCCESS), ("Success", Status.SUCCESS), ("WHATEVER", None),
        (None, None), (1, None),
    ],
    ids=repr,
)  # fmt: skip
def test_a_status_is_read_in_any_case(word: object, status: Status | None) -> None:
    assert report(status=word).status == status


URLS: Sequence[tuple[object, tuple[str, ...] | None]] = [
    ([LINK], (LINK,)),
    ([{"url": LINK}], (LINK,)),
    ([{"url": LINK, "thumbnail": "x"}, LINK, None, "", {"url": None}, {}, 7], (LINK, LINK)),
    (LINK, (LINK,)),
    ({"url": LINK}, (LINK,)),
    (f" {LINK} ", (LINK,)),
    (["HTTPS://cdn.example/1.png"], ("HTTPS://cdn.example/1.png",)),
    (["ftp://cdn.example/1.png", "//cdn.example", "1.png", "javascript:x"], None),
    (["https://cdn.example/" + "x" * 4_100], None),
    ([[LINK]], None),
    ([LINK] * 100, (LINK,) * 64),
]


@pytest.mark.parametrize(("value", "urls"), URLS, ids=lambda part: repr(part)[:60])
def test_addresses_are_read_from_texts_objects_and_lists(
    value: object, urls: tuple[str, ...] | None
) -> None:
    assert report(imageUrls=value).image_urls == urls
    assert report(videoUrls=value).video_urls == urls


def test_the_cuts_of_a_grid_and_a_lone_clip_are_found_where_they_stand() -> None:
    assert report(splitUrls=[LINK], imageUrls=[]).image_urls == (LINK,)
    assert report(splitUrls=["https://b.example/"], imageUrls=[LINK]).image_urls == (LINK,)
    assert report(videoUrl=LINK, videoUrls=None).video_urls == (LINK,)


@pytest.mark.parametrize("value", ["ftp://a.example", "a.png", "", 7, [LINK], {"url": LINK}])
def test_only_an_http_address_is_one(value: object) -> None:
    assert report(imageUrl=value).image_url is None


def test_buttons_are_read_with_nulls_gaps_and_odd_styles() -> None:
    rows = [
        {"customId": "a::1", "emoji": None, "label": "U1", "style": 3, "type": 2},
        {"customId": "a::2", "emoji": "🔄", "style": "3"},
        {"customId": "a::3", "label": 3, "style": 10**30},
        {"customId": "", "label": "none"},
        {"label": "none"},
        {"customId": "x" * 513},
        None,
        "a::4",
    ]

    assert report(buttons=rows).buttons == (
        Button("a::1", "U1", "", 3),
        Button("a::2", "", "🔄", 3),
        Button("a::3", "3", "", 2),
    )
    assert report(buttons=[{"label": "none"}]).buttons is None


@pytest.mark.parametrize(
    ("value", "side"),
    [(624, 624), ("624", 624), (624.0, 624), (0, None), (-1, None), (10**30, None), ("x", None)],
    ids=repr,
)
def test_a_size_is_a_plausible_number_of_pixels(value: object, side: int | None) -> None:
    found = report(imageWidth=value, imageHeight=value)

    assert (found.width, found.height) == (side, side)


def test_texts_come_without_nul_and_within_bounds() -> None:
    found = report(failReason="bro\x00ken\x1b", promptEn="x" * 100_000, state=7, seed=42)

    assert (found.fail_text, found.echo, found.seed) == ("broken", "7", "42")
    assert found.prompt_en == "x" * 32 * 1024


def test_the_second_spelling_of_a_fail_reason_is_read_too() -> None:
    assert report(fail_reason="no").fail_text == "no"
    assert report(failReason=None, fail_reason="no").fail_text == "no"
    assert report(failReason="yes", fail_reason="no").fail_text == "yes"


@pytest.mark.parametrize("value", [None, "", " ", "a b", [], {}, True, 1.5, "x" * 256, "a\nb"])
def test_a_task_without_an_id_is_none(value: object) -> None:
    assert read_report({"id": value, "status": "SUCCESS"}) is None


@pytest.mark.parametrize(
    ("value", "upstream_id"),
    [("1", "1"), (1751352955547075, "1751352955547075"), (" 1 ", "1"), ("任务-1", "任务-1")],
)
def test_an_id_may_be_text_or_a_number(value: object, upstream_id: str) -> None:
    found = read_report({"id": value})

    assert found is not None
    assert found.upstream_id == upstream_id


def test_plain_properties_are_kept() -> None:
    plain = {"messageHash": "abc", "flags": 0, "fast": True, "score": 0.5, "note": "猫"}

    assert kept(**plain) == plain


@pytest.mark.parametrize(
    "name",
    [
        "token", "accessToken", "SECRET", "cookie", "accountId", "discordChannelId",
        "discordInstanceId", "nonce", "password", "notifyHook", "key", "apiKey", "api_key",
        "userId", "proxy", "to\x00ken", "sessionId", "authorization", "credentials",
    ],
)  # fmt: skip
def test_a_property_whose_name_smells_of_secrets_is_dropped(name: str) -> None:
    assert kept(**{name: "x", "flags": 1}) == {"flags": 1}


@pytest.mark.parametrize("name", ["jobId", "cancelled", "reason", "rescued", "existed"])
def test_an_upstream_does_not_speak_in_our_name(name: str) -> None:
    assert kept(**{name: True, "flags": 1}) == {"flags": 1}


@pytest.mark.parametrize(
    "value",
    [
        LINK, "see " + LINK, "//cdn.example/1.png", "www.example.com", "cdn.example.com/1.png",
        "HTTPS://X.example", "discord://x", None, "", "\x00", [1], {"a": 1}, "x" * 2_049,
        "猫" * 700,
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_addresses_and_what_is_no_small_scalar_are_dropped(value: object) -> None:
    assert kept(note=value, flags=1) == {"flags": 1}


def test_properties_are_kept_only_up_to_a_bound() -> None:
    many = kept(**{f"n{number}": "x" * 2_000 for number in range(50)})

    assert many is not None
    assert len(many) == 4


def test_an_answer_may_hold_one_task_or_many() -> None:
    tasks: list[object] = [{"id": "1"}, {"status": "SUCCESS"}, None, 7, [], {"id": 2}]

    assert [each.upstream_id for each in reports(_heard(tasks))] == ["1", "2"]
    assert reports(_heard({"id": "1"})) == [Report(upstream_id="1")]
    assert reports(_heard([])) == []
    assert reports(_heard({"id": "1"}, 201)) == [Report(upstream_id="1")]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"<html></html>", b"null", b"7", b'"x"', b"{", b"[" * 5_000, b"\xff", b"{}",
        b'{"code":4,"description":"task not found"}', b'{"code":1,"result":null}',
    ],
)  # fmt: skip
def test_an_answer_without_any_task_is_none(raw: bytes) -> None:
    with pytest.raises(Unanswered):
        reports(Heard(200, {}, raw))


@pytest.mark.parametrize("status", [204, 301, 400, 401, 404, 429, 500, 502, 503])
def test_an_answer_with_another_status_is_none(status: int) -> None:
    with pytest.raises(Unanswered, match=str(status)):
        reports(_heard([{"id": "1"}], status))


@given(bodies(*MEMBERS))
def test_any_task_is_read_into_something_that_can_be_kept(task: dict[str, object]) -> None:
    found = read_report({"id": "1", **task})

    if found is None:
        return
    result = found.onto(Result())
    written = msgspec.json.encode(result)
    assert msgspec.json.decode(written, type=Result) == result
    assert b"\\u0000" not in written
    assert found.progress is None or 0 <= found.progress <= 100


@given(st.lists(bodies(*MEMBERS) | JSON, max_size=4) | JSON)
def test_any_json_is_tasks_or_no_answer(body: object) -> None:
    try:
        raw = msgspec.json.encode(body)
    except UnicodeEncodeError:
        return
    try:
        found = reports(Heard(200, {}, raw))
    except Unanswered:
        return

    assert all(each.upstream_id for each in found)


def test_deep_properties_are_dropped_and_deep_bodies_are_no_answer() -> None:
    deep = b'{"id":"1","properties":{"x":' + b"[" * 500 + b"]" * 500 + b"}}"

    assert reports(Heard(200, {}, deep)) == [Report(upstream_id="1")]


def _heard(body: object, status: int = 200) -> Heard:
    return Heard(status, {}, msgspec.json.encode(body))
