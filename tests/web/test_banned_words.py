"""Prompts with a word of the list: code 24 with the word and its place, and nothing else."""

import pytest

from mjgate.manage import words
from tests.rig import PIXEL, RICH, Json, Rig
from tests.web.api.desk import desk_of
from tests.web.shape import IMAGINE, one_engine, refused, untouched


async def ban(rig: Rig, *listed: str) -> None:
    for word in listed:
        await words.add(desk_of(rig), word)
    await rig.set("banned_words", value=True)
    rig.clock.pass_by(1_001)


BODIES: list[tuple[str, dict[str, Json]]] = [
    ("submit/imagine", {"prompt": "\U0001f98a a BLOOD moon --turbo"}),
    ("submit/shorten", {"prompt": "\U0001f98a a BLOOD moon --turbo"}),
    ("submit/edits", {"prompt": "\U0001f98a a BLOOD moon --turbo", "image": PIXEL}),
    ("submit/retexture", {"prompt": "\U0001f98a a BLOOD moon --turbo", "image": PIXEL}),
    ("submit/video", {"prompt": "\U0001f98a a BLOOD moon --turbo", "image": PIXEL}),
]


async def test_a_banned_word_is_told_with_its_place_and_costs_nothing(rig: Rig) -> None:
    await ban(rig, "moon", "blood", "血")

    for path, body in BODIES:
        for query in ("", "?dryRun=1"):
            told = refused(await rig.post(f"/mj/{path}{query}", body), 200, "banned_word", code=24)
            assert told["properties"] == {
                "reason": "banned_word",
                "bannedWord": "blood",
                "promptEn": "\U0001f98a a BLOOD moon",
                "offset": 4,
            }
            assert "blood" in told["description"]
    await untouched(rig)
    assert (await rig.stats())["submits"] == 0


@one_engine
async def test_the_list_counts_only_while_it_is_switched_on(rig: Rig) -> None:
    await words.add(desk_of(rig), "blood")

    before = await rig.post(IMAGINE, {"prompt": "blood"})
    await ban(rig)
    during = await rig.post(IMAGINE, {"prompt": "blood"})
    await rig.set("banned_words", value=False)
    after = await rig.post(IMAGINE, {"prompt": "blood"})

    assert [answer.json()["code"] for answer in (before, during, after)] == [1, 24, 1]


async def test_a_change_of_the_list_is_in_force_within_a_second(rig: Rig) -> None:
    await ban(rig, "blood")
    codes = [(await rig.post(IMAGINE, {"prompt": "gore"})).json()["code"]]

    await words.remove(desk_of(rig), "blood")
    await words.add(desk_of(rig), "gore")
    rig.clock.pass_by(1_001)
    codes += [
        (await rig.post(IMAGINE, {"prompt": prompt})).json()["code"] for prompt in ("gore", "blood")
    ]

    assert codes == [1, 24, 1]


@one_engine
async def test_a_word_within_a_word_an_address_and_a_flag_pass(rig: Rig) -> None:
    await ban(rig, "ass", "no", "cunt")

    for prompt in ("gr**ass** in Scunthorpe", "a fox --no https://a.example/ass.png", "classy"):
        assert (await rig.post(IMAGINE, {"prompt": prompt})).json()["code"] == 1


async def test_the_prompt_of_a_window_is_read_too_and_the_window_stays_open(rig: Rig) -> None:
    grid = await rig.imagine("a red fox")
    await rig.finished(grid)
    window = (await rig.press(grid, "V1", enableRemix=True))["result"]
    before = await rig.balance()
    await ban(rig, "blood", "red")
    path, body = "/mj/submit/modal", {"taskId": window, "prompt": "dark blood"}

    dry = refused(await rig.post(f"{path}?dryRun=1", body), 200, "banned_word", code=24)
    told = refused(await rig.post(path, body), 200, "banned_word", code=24)
    kept = refused(await rig.post(path, {"taskId": window}), 200, "banned_word", code=24)

    assert dry["properties"] == told["properties"]
    assert (told["properties"]["bannedWord"], told["properties"]["offset"]) == ("blood", 5)
    assert (kept["properties"]["bannedWord"], kept["properties"]["offset"]) == ("red", None)
    assert (await rig.fetch(window))["status"] == "MODAL"
    assert await rig.balance() == before
    assert (await rig.post(path, {"taskId": window, "prompt": "a blue fox"})).json()["code"] == 1


@one_engine
async def test_prompts_that_a_button_would_imagine_are_read_too(rig: Rig) -> None:
    described = (await rig.post("/mj/submit/describe", {"base64": PIXEL})).json()["result"]
    await rig.finished(described)
    await ban(rig, "picture")

    body = {"taskId": described, "customId": "MJ::Job::PicReader::all"}
    told = refused(await rig.post("/mj/submit/action", body), 200, "banned_word", code=24)

    assert told["properties"]["offset"] is None


@one_engine
@pytest.mark.parametrize("flag", ["--turbo", "\u2014turbo", "\u2013Turbo", "\u2010\u2010TURBO"])
async def test_a_window_keeps_its_mode_and_no_mode_flag_goes_up(rig: Rig, flag: str) -> None:
    grid = await rig.imagine("a red fox --relax")
    await rig.finished(grid)
    window = (await rig.press(grid, "V1", enableRemix=True))["result"]

    await rig.post("/mj/submit/modal", {"taskId": window, "prompt": f"a {flag} blue fox"})

    task = await rig.finished(window)
    assert (task["mode"], task["promptEn"]) == ("RELAX", "a blue fox")
    assert await rig.balance() == (RICH - 50_000, 0, 50_000)
