"""Which mode a task runs in, what that costs, and what a key may not do."""

from collections.abc import Sequence

import pytest

from mjgate.store.database import Transaction
from tests.rig import RICH, Rig
from tests.web.shape import FOX, IMAGINE, one_engine, refused, set_key, untouched

PRICES = {"RELAX": 25_000, "FAST": 50_000, "TURBO": 100_000}

# prefix, body, prompt flag, default of the key -> mode
ASKED: Sequence[tuple[str, dict[str, object], str, str, str]] = [
    ("/mj", {}, "", "", "FAST"),
    ("/mj", {}, "", "RELAX", "RELAX"),
    ("/mj", {}, " --turbo", "RELAX", "TURBO"),
    ("/mj", {}, " --relax --v 7 --turbo", "", "TURBO"),
    ("/mj", {}, " --TURBO --Relax", "", "RELAX"),
    ("/mj", {}, " \u2014turbo", "", "TURBO"),
    ("/mj", {}, " --turbofan", "RELAX", "RELAX"),
    ("/mj", {}, " x--turbo", "", "FAST"),
    ("/mj", {"modes": ["RELAX"]}, " --turbo", "", "RELAX"),
    ("/mj", {"modes": ["RELAX", "TURBO"]}, "", "TURBO", "RELAX"),
    ("/mj", {"modes": ["relax"]}, "", "", "RELAX"),
    ("/mj", {"modes": ["slow", "Turbo"]}, "", "", "TURBO"),
    ("/mj", {"modes": []}, "", "RELAX", "RELAX"),
    ("/mj", {"modes": None}, " --turbo", "", "TURBO"),
    ("/mj", {"modes": ["slow"]}, " --turbo", "", "TURBO"),
    ("/mj", {"modes": [1, None, {}]}, "", "", "FAST"),
    ("/mj", {"modes": 7}, "", "", "FAST"),
    ("/mj", {"accountFilter": {"modes": ["TURBO"]}}, " --relax", "", "TURBO"),
    ("/mj", {"accountFilter": {"modes": ["TURBO"]}, "modes": ["RELAX"]}, "", "", "TURBO"),
    ("/mj", {"accountFilter": {"modes": []}, "modes": ["RELAX"]}, "", "", "RELAX"),
    ("/mj", {"accountFilter": {}}, "", "RELAX", "RELAX"),
    ("/mj", {"accountFilter": None, "modes": ["RELAX"]}, "", "", "RELAX"),
    ("/mj", {"accountFilter": "FAST"}, " --relax", "", "RELAX"),
    ("/mj", {"mode": "RELAX"}, " --turbo", "", "RELAX"),
    ("/mj", {"mode": "relax", "modes": ["TURBO"]}, "", "", "RELAX"),
    ("/mj", {"mode": "relax", "accountFilter": {"modes": ["TURBO"]}}, "", "", "RELAX"),
    ("/mj", {"mode": "slow"}, "", "TURBO", "TURBO"),
    ("/mj", {"mode": ""}, "", "", "FAST"),
    ("/mj-turbo/mj", {"mode": "RELAX"}, " --fast", "RELAX", "TURBO"),
    ("/mj-relax/mj", {"accountFilter": {"modes": ["TURBO"]}}, "", "", "RELAX"),
    ("/mj-fast/mj", {}, " --turbo", "RELAX", "FAST"),
    ("/turbo/mj", {"modes": ["RELAX"]}, "", "", "TURBO"),
]


@one_engine
@pytest.mark.parametrize(("prefix", "body", "flag", "default", "mode"), ASKED, ids=str)
async def test_the_first_that_names_a_mode_decides(
    rig: Rig, prefix: str, body: dict[str, object], flag: str, default: str, mode: str
) -> None:
    if default:
        await set_key(rig, rig.alice, default_mode=default)
    prompt = "a red fox" + flag

    answer = await rig.post(f"{prefix}/submit/imagine", {"prompt": prompt, **body})

    task = await rig.fetch(answer.json()["result"])
    assert (task["mode"], task["prompt"]) == (mode, prompt)
    assert await rig.balance() == (RICH - PRICES[mode], PRICES[mode], 0)


async def test_a_group_may_have_a_mode_of_its_own(rig: Rig) -> None:
    async def relax(tx: Transaction) -> None:
        await tx.run("UPDATE groups SET default_mode = 'RELAX' WHERE name = 'default'")

    await rig.gateway.store.write(relax)

    assert (await rig.fetch(await rig.imagine()))["mode"] == "RELAX"


@pytest.mark.parametrize(
    ("prefix", "body", "mode"),
    [
        ("/mj", {}, "RELAX"),
        ("/mj-turbo/mj", {}, "TURBO"),
        ("/mj", {"modes": ["FAST"]}, "FAST"),
        ("/mj", {"accountFilter": {"modes": ["TURBO"]}}, "TURBO"),
    ],
)
async def test_a_follow_up_has_its_parents_mode_unless_it_says_another(
    rig: Rig, prefix: str, body: dict[str, object], mode: str
) -> None:
    await set_key(rig, rig.alice, default_mode="TURBO")
    grid = await rig.imagine("a red fox --relax")
    button = (await rig.finished(grid))["buttons"][0]["customId"]
    asked = {"taskId": grid, "customId": button, **body}

    answer = await rig.post(f"{prefix}/submit/action", asked)

    task = await rig.finished(answer.json()["result"])
    upscale = PRICES[mode] // 2
    assert task["mode"] == mode
    assert await rig.balance() == (RICH - 25_000 - upscale, 0, 25_000 + upscale)


async def test_mode_flags_do_not_go_upstream(rig: Rig) -> None:
    task = await rig.finished(await rig.imagine("a red --turbo fox --relax --ar 3:2"))

    assert task["prompt"] == "a red --turbo fox --relax --ar 3:2"
    assert "--turbo" not in task["promptEn"]
    assert "--ar 3:2" in task["promptEn"]


# what the key may use, prefix, body, prompt flag -> mode, or None where it is refused
RESTRICTED: Sequence[tuple[str, str, dict[str, object], str, str | None]] = [
    ("RELAX FAST", "/mj", {}, "", "FAST"),
    ("RELAX", "/mj-relax/mj", {}, "", "RELAX"),
    ("RELAX", "/mj", {"modes": ["TURBO", "RELAX"]}, "", "RELAX"),
    ("RELAX", "/mj", {"accountFilter": {"modes": ["FAST", "TURBO", "RELAX"]}}, "", "RELAX"),
    ("RELAX", "/mj", {"mode": "TURBO", "modes": ["RELAX"]}, "", "RELAX"),
    ("RELAX", "/mj", {}, "", None),
    ("RELAX", "/mj-turbo/mj", {}, "", None),
    ("RELAX", "/fast/mj", {"modes": ["RELAX"]}, "", None),
    ("RELAX", "/mj", {"modes": ["TURBO"]}, "", None),
    ("RELAX", "/mj", {"modes": ["TURBO", "FAST"]}, " --relax", None),
    ("RELAX", "/mj", {"accountFilter": {"modes": ["TURBO"]}}, "", None),
    ("RELAX", "/mj", {"mode": "turbo"}, "", None),
    ("RELAX", "/mj", {}, " --turbo", None),
    ("RELAX FAST", "/mj", {}, " --relax --turbo", None),
    ("RELAX FAST", "/mj", {}, " \u2013turbo", None),
]


@one_engine
@pytest.mark.parametrize(("allowed", "prefix", "body", "flag", "mode"), RESTRICTED, ids=str)
async def test_a_mode_that_the_key_may_not_use_is_refused_wherever_it_was_asked_for(
    rig: Rig, allowed: str, prefix: str, body: dict[str, object], flag: str, mode: str | None
) -> None:
    await set_key(rig, rig.alice, modes=allowed)

    answer = await rig.post(f"{prefix}/submit/imagine", {"prompt": f"a fox{flag}", **body})

    if mode is None:
        refused(answer, 403, "mode_not_allowed")
        await untouched(rig)
    else:
        assert (await rig.fetch(answer.json()["result"]))["mode"] == mode


@one_engine
async def test_a_follow_up_in_its_parents_mode_needs_that_mode(rig: Rig) -> None:
    grid = await rig.imagine("a red fox --turbo")
    await rig.finished(grid)
    before = await rig.balance()
    await set_key(rig, rig.alice, modes="FAST RELAX")

    answer = await rig.post("/mj/submit/change", {"taskId": grid, "action": "UPSCALE", "index": 1})
    pressed = await rig.press(grid, "U1")

    assert answer.json()["code"] == 4
    assert pressed["error"] == "mode_not_allowed"
    assert await rig.balance() == before


@pytest.mark.parametrize(
    ("allowed", "path", "body"),
    [
        ("UPSCALE", IMAGINE, FOX),
        ("IMAGINE", "/mj/submit/shorten", FOX),
        ("IMAGINE", "/mj/submit/describe", {"link": "https://pictures.example/a.png"}),
        ("IMAGINE", IMAGINE, {"prompt": "a fox --video"}),
        ("VIDEO", IMAGINE, {"prompt": "a fox --videos"}),
    ],
    ids=str,
)
async def test_an_action_that_the_key_may_not_use_is_refused(
    rig: Rig, allowed: str, path: str, body: dict[str, object]
) -> None:
    await set_key(rig, rig.alice, actions=allowed)

    answer = await rig.post(path, body)

    refused(answer, 403, "action_not_allowed")
    await untouched(rig)


async def test_a_button_needs_its_own_action(rig: Rig) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    before = await rig.balance()
    await set_key(rig, rig.alice, actions="IMAGINE VARIATION")

    upscale = await rig.press(grid, "U1")
    variation = await rig.press(grid, "V1")

    assert (upscale["code"], upscale["error"]) == (4, "action_not_allowed")
    assert variation["code"] == 1
    assert (await rig.balance())[0] == before[0] - PRICES["FAST"]


@one_engine
@pytest.mark.parametrize(
    ("prompt", "price"),
    [
        ("a fox", 50_000),
        ("a fox --relax", 25_000),
        ("a fox --turbo", 100_000),
        ("a fox --repeat 3", 150_000),
        ("a {red, grey} fox", 100_000),
        ("a {red, grey} fox --r 2 --relax", 100_000),
        ("a fox --video", 400_000),
    ],
)
async def test_the_price_is_that_of_the_mode_and_of_every_job(
    rig: Rig, prompt: str, price: int
) -> None:
    await rig.imagine(prompt)

    assert await rig.balance() == (RICH - price, price, 0)


@one_engine
@pytest.mark.parametrize("prompt", ["a fox --repeat many", "a {red fox", "a fox --r 41", "}{"])
async def test_what_cannot_be_counted_is_not_sent(rig: Rig, prompt: str) -> None:
    answer = await rig.post(IMAGINE, {"prompt": prompt})

    refused(answer, 200, "multiple_jobs")
    await untouched(rig)


@one_engine
async def test_a_mode_that_the_key_may_not_use_cannot_be_asked_for_in_a_window(rig: Rig) -> None:
    grid = await rig.imagine("a red fox --relax")
    await rig.finished(grid)
    window = (await rig.press(grid, "V1", enableRemix=True))["result"]
    await set_key(rig, rig.alice, modes="RELAX FAST")
    asked: list[tuple[str, dict[str, object]]] = [
        ("/mj", {"prompt": "a fox \u2014turbo"}),
        ("/mj", {"modes": ["TURBO"]}),
        ("/mj", {"accountFilter": {"modes": ["TURBO"]}}),
        ("/mj-turbo/mj", {"modes": ["RELAX"]}),
    ]

    for prefix, body in asked:
        answer = await rig.post(f"{prefix}/submit/modal", {"taskId": window, **body})
        refused(answer, 403, "mode_not_allowed")
    dry = await rig.post("/mj-turbo/mj/submit/modal?dryRun=1", {"taskId": window})
    taken = await rig.post("/mj-fast/mj/submit/modal", {"taskId": window, "modes": ["TURBO"]})
    task = await rig.finished(window)

    refused(dry, 403, "mode_not_allowed")
    assert (taken.json()["code"], task["mode"]) == (1, "RELAX")


@one_engine
async def test_a_window_in_a_mode_that_the_key_may_not_use_is_not_confirmed(rig: Rig) -> None:
    grid = await rig.imagine("a red fox --turbo")
    await rig.finished(grid)
    window = (await rig.press(grid, "V1", enableRemix=True))["result"]
    await set_key(rig, rig.alice, modes="RELAX")

    answer = await rig.post("/mj/submit/modal", {"taskId": window})

    refused(answer, 403, "mode_not_allowed")
    assert (await rig.fetch(window))["status"] == "MODAL"
