"""What an upstream is asked, in each of the forms that a channel may want."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.dialects import Call, Work
from mjgate.dialects.mjproxy import cancel, confirm, fetch, look, recent, seed, submit
from mjgate.domain.action import RULES, Action, Bot, Mode
from mjgate.domain.order import read_order
from mjgate.providers import PROVIDERS, auth_headers

DATA = "data:image/png;base64,iVBORw0KGgoAAAAA"
LINK = "https://pictures.example/a.png"
H = "abc-123"

Options = Mapping[str, str]


PLAIN = Work(path="submit/imagine", action=Action.IMAGINE, mode=Mode.FAST, prompt="x")


def imagine(**different: Any) -> Work:  # noqa: ANN401  any field of the work
    return replace(PLAIN, **different)


def press(custom_id: str, **different: Any) -> Work:  # noqa: ANN401  the same
    plain = replace(PLAIN, path="submit/action", action=Action.UPSCALE, prompt="", parent="42")
    return replace(plain, custom_id=custom_id, **different)


def body(work: Work, options: Options | None = None) -> Mapping[str, object]:
    asked = submit(work, options or {}).body
    assert asked is not None
    return asked


@pytest.mark.parametrize(
    ("form", "mode", "path"),
    [
        ("plain", Mode.TURBO, "/mj/submit/imagine"),
        ("mj-fast", Mode.FAST, "/mj-fast/mj/submit/imagine"),
        ("mj-fast", Mode.RELAX, "/mj-relax/mj/submit/imagine"),
        ("mj-fast", Mode.TURBO, "/mj-turbo/mj/submit/imagine"),
        ("fast", Mode.FAST, "/fast/mj/submit/imagine"),
        ("fast", Mode.RELAX, "/relax/mj/submit/imagine"),
        ("flag", Mode.RELAX, "/mj/submit/imagine"),
    ],
)
def test_a_mode_is_asked_for_the_channels_way(form: str, mode: Mode, path: str) -> None:
    call = submit(imagine(mode=mode), {"path": form})

    assert (call.method, call.path) == ("POST", path)
    assert call.body is not None
    assert call.body["prompt"] == ("x --relax" if form == "flag" else "x")


@pytest.mark.parametrize("mode", Mode)
def test_the_account_filter_is_nested_or_flat(mode: Mode) -> None:
    nested = body(imagine(mode=mode))
    flat = body(imagine(mode=mode), {"filter": "flat"})

    assert (nested["accountFilter"], "modes" in nested) == ({"modes": [mode.value]}, False)
    assert (flat["modes"], "accountFilter" in flat) == ([mode.value], False)


def test_what_identifies_a_task_is_sent_only_where_there_is_something() -> None:
    full = imagine(nonce="n", notify_url="https://us.example/mj/notify/1", bot=Bot.NIJI_JOURNEY)

    assert body(imagine()).keys() == {"botType", "prompt", "accountFilter"}
    assert {name: body(full)[name] for name in ("state", "notifyHook", "botType")} == {
        "state": "n",
        "notifyHook": "https://us.example/mj/notify/1",
        "botType": "NIJI_JOURNEY",
    }


def test_no_strangers_field_overrides_one_of_ours() -> None:
    extras: dict[str, object] = {
        "prompt": "y",
        "state": "theirs",
        "botType": "x",
        "accountFilter": {},
        "quality": 2,
    }

    asked = body(imagine(extras=extras, nonce="ours"))

    assert (asked["prompt"], asked["state"], asked["quality"]) == ("x", "ours", 2)
    assert (asked["botType"], asked["accountFilter"]) == ("MID_JOURNEY", {"modes": ["FAST"]})


def test_a_button_travels_byte_for_byte_with_its_parent() -> None:
    asked = body(press(f"mj::JOB::upsample::2::{H} "))

    assert (asked["customId"], asked["taskId"]) == (f"mj::JOB::upsample::2::{H} ", "42")
    assert "prompt" not in asked
    assert "enableRemix" not in asked
    assert body(press("a::b", remix=True))["enableRemix"] is True
    assert "enableRemix" not in body(imagine(remix=True))


@pytest.mark.parametrize(
    ("custom_id", "change"),
    [
        (f"MJ::JOB::upsample::2::{H}", {"action": "UPSCALE", "index": 2}),
        (f"mj::job::variation::4::{H}", {"action": "VARIATION", "index": 4}),
        (f"MJ::JOB::reroll::0::{H}::SOLO", {"action": "REROLL"}),
    ],
)
def test_a_channel_that_knows_only_numbers_gets_a_number(
    custom_id: str, change: Mapping[str, object]
) -> None:
    call = submit(press(custom_id, nonce="n"), {"actions": "change", "path": "fast"})

    assert call.path == "/fast/mj/submit/change"
    assert call.body == {
        "botType": "MID_JOURNEY",
        "state": "n",
        "taskId": "42",
        "accountFilter": {"modes": ["FAST"]},
        **change,
    }
    read_order(RULES["submit/change"], call.body or {})


@pytest.mark.parametrize("custom_id", [f"MJ::Outpaint::50::1::{H}::SOLO", f"MJ::BOOKMARK::{H}"])
def test_a_button_without_a_number_is_pressed_in_any_case(custom_id: str) -> None:
    call = submit(press(custom_id), {"actions": "change"})

    assert call.path == "/mj/submit/action"
    assert call.body is not None
    assert call.body["customId"] == custom_id


IMAGES: Mapping[str, tuple[str, str]] = {
    "submit/imagine": ("base64Array", "base64Array"),
    "submit/blend": ("base64Array", "base64Array"),
    "submit/describe": ("base64", "link"),
    "submit/video": ("image", "image"),
    "submit/edits": ("image", "image"),
    "submit/retexture": ("image", "image"),
    "insight-face/swap": ("sourceBase64", "sourceUrl"),
}


@pytest.mark.parametrize("path", IMAGES)
def test_images_go_where_the_protocol_has_them_by_bytes_or_by_address(path: str) -> None:
    for image, name in zip((DATA, LINK), IMAGES[path], strict=True):
        asked = body(imagine(path=path, images=(image,)))

        assert asked[name] == ([image] if name.endswith("Array") else image)
        assert sum(image in str(value) for value in asked.values()) == 1


def test_several_images_stay_in_order() -> None:
    assert body(imagine(images=(DATA, LINK)))["base64Array"] == [DATA, LINK]


@pytest.mark.parametrize(
    ("role", "image", "name"),
    [
        ("mask", DATA, "maskBase64"),
        ("end_image", LINK, "endImage"),
        ("target", DATA, "targetBase64"),
        ("target", LINK, "targetUrl"),
    ],
)
def test_images_with_a_role_have_fields_of_their_own(role: str, image: str, name: str) -> None:
    assert body(imagine(path="submit/edits", named_images={role: image}))[name] == image


def test_edits_have_two_paths() -> None:
    edits = imagine(path="submit/edits")

    assert submit(edits, {}).path == "/mj/submit/edits"
    assert submit(edits, {"edits": "edit"}).path == "/mj/submit/edit"
    assert submit(imagine(), {"edits": "edit"}).path == "/mj/submit/imagine"


@pytest.mark.parametrize(
    ("form", "path", "prompt"),
    [
        ("plain", "/mj/submit/modal", "a fox"),
        ("mj-fast", "/mj-turbo/mj/submit/modal", "a fox"),
        ("flag", "/mj/submit/modal", "a fox --turbo"),
    ],
)
def test_a_window_is_confirmed_in_the_channels_way(form: str, path: str, prompt: str) -> None:
    work = press("a::b", mode=Mode.TURBO, named_images={"mask": DATA}, nonce="n")

    call = confirm(replace(work, prompt="a fox"), "77", {"path": form})

    assert call == Call(
        "POST", path, {"taskId": "77", "prompt": prompt, "maskBase64": DATA, "state": "n"}
    )


def test_a_window_is_confirmed_with_no_more_than_there_is() -> None:
    call = confirm(press("a::b"), "77", {})

    assert call.body == {"taskId": "77", "prompt": ""}


def test_questions_take_no_prefix() -> None:
    options = {"path": "mj-fast"}

    assert look(["1", "2"], options) == Call(
        "POST", "/mj/task/list-by-condition", {"ids": ["1", "2"]}
    )
    assert fetch("1", options) == Call("GET", "/mj/task/1/fetch")
    assert recent(options) == Call("GET", "/mj/task/list")
    assert cancel("1", options) == Call("POST", "/mj/task/1/cancel", {})
    assert seed("1", options) == Call("GET", "/mj/task/1/image-seed")


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=40))
def test_an_upstreams_id_cannot_lead_elsewhere(upstream_id: str) -> None:
    for call in (fetch(upstream_id, {}), cancel(upstream_id, {}), seed(upstream_id, {})):
        assert call.path.isascii()
        assert len(call.path.split("/")) == 5
        assert not set(call.path) & set("?#\\ ")


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("secret", {"mj-api-secret": "sk-1"}),
        ("bearer", {"Authorization": "Bearer sk-1"}),
        ("both", {"mj-api-secret": "sk-1", "Authorization": "Bearer sk-1"}),
    ],
)
def test_the_key_is_sent_in_the_channels_header(form: str, headers: Mapping[str, str]) -> None:
    assert auth_headers({"auth": form}, "sk-1") == headers


def test_every_choice_of_a_channel_is_understood_and_the_first_is_the_default() -> None:
    for provider in PROVIDERS.values():
        defaults = {name: row.values[0] for name, row in provider.options.items() if row.values}
        dialect = provider.dialect

        assert dialect.submit(imagine(), defaults) == dialect.submit(imagine(), {})
        assert auth_headers(defaults, "x") == auth_headers({}, "x")
        for name, row in provider.options.items():
            for value in row.values:
                dialect.submit(press(f"MJ::JOB::upsample::1::{H}"), {name: value})
                assert row.help.endswith(".")
    assert {name: row.batch for name, row in PROVIDERS.items()} == {"mjproxy": 50, "job": 1}
