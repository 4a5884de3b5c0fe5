"""Served tasks, line by line as clients of the protocol rely on them, with a real upstream."""

import json
import re
from base64 import b64decode

from tests.lifecycle.talker import Asked, says, takes, talking
from tests.rig import PIXEL, MakeRig, Rig
from tests.web.shape import Json, one_engine

OURS = re.compile(r"http://gateway/mj/(image|video)/\d{16}(/\d+(\.mp4)?)?\?sig=\S+")


async def done(rig: Rig, path: str, **body: object) -> Json:
    """The finished task, after its JSON was looked at as bytes."""
    taken = (await rig.post(f"/mj/submit/{path}", body)).json()
    assert (taken["code"], type(taken["result"]), type(taken["properties"])) == (1, str, dict)
    task = await rig.finished(taken["result"])
    raw = (await rig.get(f"/mj/task/{task['id']}/fetch")).content
    assert raw.decode() == json.dumps(task, ensure_ascii=False, separators=(",", ":"))
    assert rig.upstream_url.encode() not in raw
    for address in re.findall(r'"(http[^"]+)"', raw.decode()):
        assert OURS.fullmatch(address), address
    return task


def media(task: Json) -> tuple[int, object, object, int, object]:
    """How many there are of each: picture, pictures, cuts, clip, clips; None where it is null."""

    def count(many: list[Json] | None) -> object:
        assert many is None or many
        return None if many is None else len(many)

    return (
        len(task["imageUrl"] and "1"),
        count(task["imageUrls"]),
        count(task["splitUrls"]),
        len(task["videoUrl"] and "1"),
        count(task["videoUrls"]),
    )


@one_engine
async def test_each_kind_of_result_stands_where_clients_look_for_it(rig: Rig) -> None:
    grid = await done(rig, "imagine", prompt="狐狸 \U0001f98a --ar 3:2", state="mine")
    edits = await done(rig, "edits", prompt="a hat", image=PIXEL)
    video = await done(rig, "video", image=PIXEL)
    told = await done(rig, "describe", base64=PIXEL)
    short = await done(rig, "shorten", prompt="a very red fox in the deep snow")

    assert media(grid) == (1, None, 4, 0, None)
    assert media(edits) == (1, 4, None, 0, None)
    assert media(video) == (1, None, None, 1, 4)
    assert {tuple(each) for each in (*edits["imageUrls"], *video["videoUrls"])} == {
        ("url", "thumbnail")
    }
    assert video["videoUrl"] == video["videoUrls"][0]["url"]
    assert all(".mp4?" in each["url"] for each in video["videoUrls"])
    assert (media(told)[0], media(short)[0]) == (1, 0)
    assert told["prompt"] == told["promptEn"] == told["properties"]["finalPrompt"]
    assert len(told["prompt"].split("\n\n")) == 4
    assert short["properties"]["finalPrompt"]
    assert short["prompt"] == "a very red fox in the deep snow"
    buttons = [each["label"] or each["emoji"] for each in grid["buttons"]]
    assert buttons == ["U1", "U2", "U3", "U4", "🔄", "V1", "V2", "V3", "V4"]
    for each in grid["buttons"]:
        assert list(each) == ["customId", "emoji", "label", "style", "type"]
        assert (each["type"], each["style"]) == (2, 2)
    assert (grid["failReason"], grid["fail_reason"], grid["progress"]) == (None, None, "100%")
    assert grid["submitTime"] <= grid["startTime"] <= grid["finishTime"]


async def test_words_and_clips_show_the_picture_that_was_sent_where_the_channel_shows_none(
    make_rig: MakeRig,
) -> None:
    told = {"action": "DESCRIBE", "status": "SUCCESS", "prompt": "a fox\n\na dog"}
    filmed = {"status": "SUCCESS", "videoUrls": ["http://pictures.test/0.mp4"]}
    jobs = {"describe": told, "video": filmed}

    def answer(asked: Asked) -> bytes:
        if asked.submit:
            return takes(asked.path.rpartition("/")[2])
        return says([{"id": name, **job} for name, job in jobs.items()])

    async with talking(answer) as talker:
        rig = await make_rig(upstream_url=talker.url)
        described = await done(rig, "describe", base64=PIXEL)
        video = await done(rig, "video", image=PIXEL)
        pictures = [await rig.client.get(task["imageUrl"]) for task in (described, video)]

    assert (described["prompt"], described["promptEn"]) == ("a fox\n\na dog",) * 2
    assert [len(picture.content) for picture in pictures] == [len(b64decode(PIXEL))] * 2
    assert video["videoUrls"][0]["thumbnail"]


@one_engine
async def test_what_has_not_ended_well_shows_no_results(rig: Rig) -> None:
    running = await rig.imagine("a fox [[fault:hang]]")
    waiting = await rig.fetch(running)
    await rig.look()
    seen = await rig.fetch(running)
    await rig.post(f"/mj/task/{running}/cancel", {})
    cancelled = await rig.fetch(running)
    failed = await rig.finished(await rig.imagine("x [[fault:fail=see https://up.example/a b]]"))

    for task in (waiting, seen):
        assert (task["buttons"], task["failReason"], task["finishTime"]) == ([], None, None)
        assert task["progress"] != "100%"
    assert (cancelled["status"], cancelled["failReason"], cancelled["progress"]) == (
        "FAILURE", "cancelled", "100%",
    )  # fmt: skip
    assert cancelled["properties"]["cancelled"] is True
    assert "up.example" not in failed["failReason"]
    assert failed["failReason"] == failed["fail_reason"]
    assert media(failed) == (0, None, None, 0, None)
