"""The job dialect both ways: what is asked, what is understood, and what is shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from mjgate.dialects import Accepted, Call, Heard, Work
from mjgate.dialects.job import answered, confirm, fetch, look, reports, show, submit
from mjgate.dialects.mjproxy import encode
from mjgate.domain.action import RULES, Action, Mode
from mjgate.domain.errors import Rejected, Unanswered
from mjgate.domain.order import read_order
from mjgate.domain.reasons import Verdict
from mjgate.domain.task import Result, State, Status
from mjgate.providers import PROVIDERS, Lack, takes_notices
from tests.json_values import bodies
from tests.tasks import a_task

SAMPLE = Path(__file__).parent.parent / "samples" / "job" / "video_completed.json"
UUID = "42a28dda-dc7a-4186-ac86-6e16c1fcef17"
FOX = Work(path="submit/imagine", action=Action.IMAGINE, mode=Mode.RELAX, prompt="x", nonce="n")
MEMBERS = [
    "taskId", "prompt", "imageUrl", "enqueue_time", "width", "height", "batch_size", "status",
    "job_type", "video_url", "video_urls",
]  # fmt: skip


def heard(body: object, status: int = 200) -> Heard:
    return Heard(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def data(**members: object) -> Heard:
    return heard({"code": 0, "message": "成功", "data": {"taskId": UUID, **members}})


def shown(**different: Any) -> dict[str, Any]:  # noqa: ANN401  any column of a task
    return json.loads(encode(show(a_task(**different))))


def test_the_recorded_video_is_read() -> None:
    (found,) = reports(heard(SAMPLE.read_bytes()))

    stem = f"https://cdn.midjourney.com/video/{UUID}"
    assert (found.upstream_id, found.status, found.fail_text) == (UUID, Status.SUCCESS, None)
    assert found.video_urls == tuple(f"{stem}/{n}.mp4" for n in range(4))
    assert (found.width, found.height, found.progress) == (640, 608, None)
    assert found.image_url is not None
    assert found.image_url.endswith("fd2c.jpg")
    assert found.properties == {
        "messageHash": UUID,
        "job_type": "vid_1.1_i2v_render_b_joint_video",
        "batch_size": 4,
    }


def test_what_was_read_is_shown_as_it_was_recorded() -> None:
    recorded = json.loads(SAMPLE.read_text())
    (found,) = reports(heard(recorded))
    task = a_task(
        job_uuid=UUID,
        action=Action.VIDEO,
        prompt=recorded["data"]["prompt"],
        submit_at=1_750_402_472_303,
        state=State.SUCCESS,
        result=found.onto(Result()),
    )

    again = json.loads(
        encode(show(task, image_url=found.image_url or "", video_urls=found.video_urls or ()))
    )

    assert list(again["data"]) == list(recorded["data"]) == MEMBERS
    recorded["data"]["enqueue_time"] = "2025-06-20 06:54:32.303000+00:00"
    assert again == recorded


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.QUEUED, "pending"),
        (State.SENDING, "pending"),
        (State.UNKNOWN, "pending"),
        (State.SUBMITTED, "pending"),
        (State.WINDOW, "pending"),
        (State.RUNNING, "running"),
        (State.SUCCESS, "completed"),
        (State.FAILURE, "failed"),
        (State.CANCELLED, "failed"),
    ],
)
def test_a_state_has_a_word_and_every_member_is_there(state: State, word: str) -> None:
    answer = shown(state=state, fail_text="no picture")

    assert (answer["code"], list(answer["data"])) == (0, MEMBERS)
    assert answer["data"]["status"] == word
    assert answer["message"] == ("no picture" if word == "failed" else "成功")
    assert answer["data"]["video_urls"] == []
    assert (answer["data"]["imageUrl"], answer["data"]["video_url"]) == ("", "")
    assert (answer["data"]["width"], answer["data"]["batch_size"]) == (0, 0)


@pytest.mark.parametrize(
    ("action", "result", "number"),
    [
        (Action.IMAGINE, Result(image_url="u"), 4),
        (Action.IMAGINE, Result(image_url="u", image_urls=("a", "b", "c", "d")), 4),
        (Action.UPSCALE, Result(image_url="u"), 1),
        (Action.EDITS, Result(image_urls=("a", "b")), 2),
        (Action.VIDEO, Result(image_url="u", video_urls=("a", "b")), 2),
        (Action.VIDEO, Result(video_urls=("a",), properties={"batch_size": 4}), 4),
        (Action.SHORTEN, Result(final_prompt="short"), 0),
    ],
)
def test_the_batch_is_the_number_of_results(action: Action, result: Result, number: int) -> None:
    answer = shown(action=action, state=State.SUCCESS, result=result)

    assert answer["data"]["batch_size"] == number


def test_the_kind_is_the_upstreams_or_the_action() -> None:
    told = Result(properties={"job_type": "v7_diffusion"})

    assert shown()["data"]["job_type"] == "imagine"
    assert shown(action=Action.UPSCALE)["data"]["job_type"] == "upscale"
    assert shown(action=Action.VIDEO)["data"]["job_type"] == "vid_1.1_i2v_render_b_joint_video"
    assert shown(result=told)["data"]["job_type"] == "v7_diffusion"


def test_what_was_described_stands_where_the_prompt_stands_and_without_strange_addresses() -> None:
    text = "a fox, see https://cdn.upstream.test/1.png"

    told = shown(
        action=Action.DESCRIBE, prompt="", state=State.SUCCESS, result=Result(final_prompt=text)
    )

    assert told["data"]["prompt"] == "a fox, see [image]"


def test_a_mode_stands_in_the_body_or_in_the_prompt() -> None:
    nested, flat = submit(FOX, {}), submit(FOX, {"filter": "flat", "path": "flag"})

    assert nested == Call(
        "POST",
        "/api/mj/task/submit/imagine",
        {
            "botType": "MID_JOURNEY",
            "state": "n",
            "prompt": "x",
            "accountFilter": {"modes": ["RELAX"]},
        },
    )
    assert flat.body is not None
    assert (flat.body["modes"], flat.body["prompt"]) == (["RELAX"], "x --relax")
    read_order(RULES["submit/imagine"], flat.body)


def test_a_button_goes_by_its_id_or_by_number() -> None:
    custom_id = f"MJ::JOB::upsample::2::{UUID}"
    press = Work(
        path="submit/action",
        action=Action.UPSCALE,
        mode=Mode.FAST,
        custom_id=custom_id,
        parent=UUID,
    )

    button, number = submit(press, {}), submit(press, {"actions": "change"})

    assert (button.path, number.path) == (
        "/api/mj/task/submit/action", "/api/mj/task/submit/change",
    )  # fmt: skip
    assert button.body is not None
    assert number.body is not None
    assert (button.body["taskId"], button.body["customId"]) == (UUID, custom_id)
    assert (number.body["action"], number.body["index"]) == ("UPSCALE", 2)


def test_a_look_names_one_task_or_nobodys() -> None:
    nobody = "/api/mj/task/00000000-0000-0000-0000-000000000000/fetch"

    assert look([UUID], {}) == fetch(UUID, {}) == Call("GET", f"/api/mj/task/{UUID}/fetch")
    assert look([], {}) == Call("GET", nobody)
    assert fetch("../x?", {}).path == "/api/mj/task/..%2Fx%3F/fetch"
    assert confirm(FOX, UUID, {}) == Call(
        "POST", "/api/mj/task/submit/modal", {"taskId": UUID, "prompt": "x", "state": "n"}
    )


def test_what_a_format_lacks_stands_in_its_row() -> None:
    for provider in PROVIDERS.values():
        calls = {
            Lack.CANCEL: provider.dialect.cancel("1", {}),
            Lack.SEED: provider.dialect.seed("1", {}),
            Lack.RECENT: provider.dialect.recent({}),
        }

        assert {lack for lack, call in calls.items() if call is None} == provider.lacks & set(calls)
        assert takes_notices(provider, {}) == (Lack.NOTICES not in provider.lacks)


@pytest.mark.parametrize(
    ("member", "ids"),
    [(UUID, (UUID,)), (1763712000123456, ("1763712000123456",)), ("a, b", ("a", "b"))],
)
def test_code_0_is_accepted_whatever_the_id_looks_like(
    member: object, ids: tuple[str, ...]
) -> None:
    for code in (0, "0"):
        answer = heard({"code": code, "message": "成功", "data": {"taskId": member}}, 201)

        assert answered(answer, follow_up=False) == Accepted(ids=ids)


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (200, 4, Verdict.CONTENT),
        (200, 24, Verdict.CONTENT),
        (200, 23, Verdict.BUSY),
        (200, 9, Verdict.CHANNEL),
        (200, 3, Verdict.CHANNEL),
        (400, 4, Verdict.CONTENT),
        (401, 4, Verdict.CREDENTIAL),
        (401, 401, Verdict.CREDENTIAL),
        (402, 4, Verdict.CREDENTIAL),
        (403, 4, Verdict.CREDENTIAL),
        (404, 404, Verdict.CHANNEL),
        (413, 4, Verdict.REQUEST),
        (422, 4, Verdict.REQUEST),
        (429, 4, Verdict.BUSY),
    ],
)
def test_a_refusal_means_its_code_and_where_that_says_little_its_status(
    status: int, code: int, verdict: Verdict
) -> None:
    with pytest.raises(Rejected, match="no way") as refused:
        answered(heard({"code": code, "message": "no way", "data": None}, status), follow_up=False)

    assert refused.value.verdict is verdict


def test_code_3_to_a_follow_up_means_that_the_parent_is_gone() -> None:
    with pytest.raises(Rejected) as refused:
        answered(heard({"code": 3, "message": "gone", "data": None}), follow_up=True)

    assert refused.value.verdict is Verdict.PARENT_GONE


@pytest.mark.parametrize(
    "answer",
    [
        heard({"code": 0, "message": "成功", "data": None}),
        heard({"code": 0, "message": "成功", "data": {"taskId": ""}}),
        heard({"code": 4, "message": "later", "data": None}, 503),
        heard({"code": 500, "message": "oops", "data": None}),
        heard(b"<html>", 200),
        heard(b"", 502),
    ],
)
def test_what_says_nothing_certain_is_no_answer(answer: Heard) -> None:
    with pytest.raises(Unanswered):
        answered(answer, follow_up=False)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", Status.SUBMITTED),
        ("running", Status.IN_PROGRESS),
        ("Completed", Status.SUCCESS),
        ("failed", Status.FAILURE),
        ("dreaming", None),
        (7, None),
    ],
)
def test_a_word_has_a_status(word: object, status: Status | None) -> None:
    (found,) = reports(data(status=word))

    assert found.status is status


@pytest.mark.parametrize(("message", "text"), [("blocked", "blocked"), ("成功", None), ("", None)])
def test_why_it_failed_stands_in_the_message(message: str, text: str | None) -> None:
    failed: Mapping[str, object] = {"taskId": UUID, "status": "failed", "imageUrl": ""}

    (found,) = reports(heard({"code": 0, "message": message, "data": failed}))

    assert (found.status, found.fail_text, found.image_url) == (Status.FAILURE, text, None)


def test_an_unknown_id_is_no_trouble_and_other_answers_are() -> None:
    unknown = {"code": 404, "message": "task not found", "data": None}

    assert reports(heard(unknown, 404)) == []
    for answer in (
        heard(unknown | {"code": 401}, 401),
        heard(b"<html>", 404),
        heard({"success": False, "message": "There is nothing here."}, 404),
        heard({"code": 0, "message": "成功", "data": None}),
        heard(b"", 204),
    ):
        with pytest.raises(Unanswered):
            reports(answer)


@given(bodies(*MEMBERS))
def test_any_data_is_read_or_refused(members: Mapping[str, object]) -> None:
    answer = heard({"code": 0, "message": "", "data": members})

    try:
        (found,) = reports(answer)
    except Unanswered:
        return
    assert found.upstream_id
    assert set(found.properties or {}) <= {"messageHash", "job_type", "batch_size"}
