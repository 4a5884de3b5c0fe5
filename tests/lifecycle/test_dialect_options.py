"""What a channel's options change in what its upstream hears."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mjgate.providers import PROVIDERS
from tests.lifecycle.talker import Asked, says, talking
from tests.rig import MakeRig, Rig

H = "4f0c8a4e-32a1-4c5e-8a39-6f1f3f1f0a11"
PICTURE = "https://pictures.example/a.png"
KEY = "upstream-secret"

Heard = Sequence[Asked]


def answer(asked: Asked) -> bytes:
    """Every submit is another finished grid; lists know the tasks that they are asked for."""
    if asked.submit:
        return says({"code": 1, "description": "ok", "result": f"job-{asked.connection}"})
    ids: list[str] = asked.body["ids"] if asked.body else []
    return says([_grid(each) for each in ids])


def _grid(job: str) -> dict[str, Any]:
    button = {"customId": f"MJ::JOB::upsample::1::{H}", "label": "U1", "style": 2, "type": 2}
    done = {"status": "SUCCESS", "progress": "100%", "imageUrl": PICTURE, "buttons": [button]}
    return {"id": job, **done}


async def story(make_rig: MakeRig, **options: str) -> Heard:
    """Three pictures, an upscale of one, an edit: what the upstream hears."""
    async with talking(answer) as upstream:
        rig = await make_rig(upstream_url=upstream.url, **options)
        grid = await rig.imagine("a fox", mode="RELAX")
        for _ in range(2):
            await rig.imagine("a hare")
        await rig.finished(grid)
        await rig.press(grid, "U1")
        await rig.post("/mj/submit/edits", {"prompt": "a hat", "image": PICTURE})
        return tuple(upstream.asked)


def imagine(heard: Heard) -> Asked:
    return heard[0]


def press(heard: Heard) -> Asked:
    return heard[-2]


def edit(heard: Heard) -> Asked:
    return heard[-1]


def looks(heard: Heard) -> list[int]:
    """How many tasks each look named."""
    return [len(each.body["ids"]) for each in heard if each.path.endswith("list-by-condition")]


def key(heard: Heard) -> tuple[str | None, str | None]:
    headers = imagine(heard).headers
    return headers.get("mj-api-secret"), headers.get("authorization")


def number(heard: Heard) -> tuple[object, ...]:
    body = press(heard).body
    return press(heard).path, body.get("customId"), body.get("action"), body.get("index")


EFFECTS: Sequence[tuple[str, str, Callable[[Heard], object], object]] = [
    ("auth", "secret", key, (KEY, None)),
    ("auth", "bearer", key, (None, f"Bearer {KEY}")),
    ("auth", "both", key, (KEY, f"Bearer {KEY}")),
    ("path", "plain", lambda heard: imagine(heard).path, "/mj/submit/imagine"),
    ("path", "mj-fast", lambda heard: imagine(heard).path, "/mj-relax/mj/submit/imagine"),
    ("path", "fast", lambda heard: imagine(heard).path, "/relax/mj/submit/imagine"),
    ("path", "flag", lambda heard: imagine(heard).body["prompt"], "a fox --relax"),
    ("filter", "nested", lambda heard: imagine(heard).body.get("accountFilter"),
     {"modes": ["RELAX"]}),
    ("filter", "flat", lambda heard: imagine(heard).body.get("modes"), ["RELAX"]),
    ("actions", "action", number,
     ("/mj/submit/action", f"MJ::JOB::upsample::1::{H}", None, None)),
    ("actions", "change", number, ("/mj/submit/change", None, "UPSCALE", 1)),
    ("edits", "edits", lambda heard: edit(heard).path, "/mj/submit/edits"),
    ("edits", "edit", lambda heard: edit(heard).path, "/mj/submit/edit"),
    ("batch", "50", looks, [3]),
    ("batch", "2", looks, [2, 1]),
    ("idempotent", "off", lambda heard: "idempotency-key" in imagine(heard).headers, False),
    ("idempotent", "on", lambda heard: imagine(heard).headers["idempotency-key"]
     == imagine(heard).body["state"], True),
    ("notify", "on", lambda heard: imagine(heard).body["notifyHook"].startswith("http://gateway/"),
     True),
    ("notify", "off", lambda heard: "notifyHook" in imagine(heard).body, False),
]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "value", "effect", "told"),
    EFFECTS,
    ids=[f"{name}={value}" for name, value, _, _ in EFFECTS],
)
async def test_an_option_changes_what_the_upstream_hears(
    make_rig: MakeRig, name: str, value: str, effect: Callable[[Heard], object], told: object
) -> None:
    heard = await story(make_rig, **{name: value})

    assert effect(heard) == told


def test_every_option_and_value_has_its_effect_shown() -> None:
    shown = {(name, value) for name, value, _, _ in EFFECTS}

    shown_elsewhere = {"images", "remix", "niji_remix"}  # with the pictures, and with the routing
    options = {
        name: row
        for name, row in PROVIDERS["mjproxy"].options.items()
        if name not in shown_elsewhere
    }
    for name, row in options.items():
        assert {(name, value) for value in row.values or ("2",)} <= shown


FORMS: Sequence[tuple[str, Callable[[str], dict[str, Any]]]] = [
    ("action", lambda task: {"taskId": task, "customId": f"MJ::JOB::variation::3::{H}"}),
    ("change", lambda task: {"taskId": task, "action": "variation", "index": "3"}),
    ("simple-change", lambda task: {"content": f"{task} v3"}),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("actions", ["action", "change"])
async def test_numbers_and_buttons_stand_for_each_other_whatever_the_upstream_knows(
    make_rig: MakeRig, actions: str
) -> None:
    async with talking(answer) as upstream:
        rig = await make_rig(upstream_url=upstream.url, actions=actions)
        grid = await rig.imagine("a fox")
        await rig.finished(grid)
        made = [await _variation(rig, path, body(grid)) for path, body in FORMS]

        heard = upstream.submits[1:]

    assert {(each["action"], each["parentId"]) for each in made} == {("VARIATION", grid)}
    assert {each.path for each in heard} == {f"/mj/submit/{actions}"}
    plain = [{k: v for k, v in each.body.items() if k != "state"} for each in heard]
    assert plain[0] == plain[1] == plain[2]
    if actions == "action":
        assert plain[0]["customId"] == f"MJ::JOB::variation::3::{H}"
    else:
        assert (plain[0]["action"], plain[0]["index"]) == ("VARIATION", 3)


async def _variation(rig: Rig, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401  a task
    answered = (await rig.post(f"/mj/submit/{path}", body)).json()
    assert answered["code"] == 1, answered
    return await rig.fetch(answered["result"])
