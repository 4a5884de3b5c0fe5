"""What customIds mean, row by row, and the buttons that are made where an upstream gives none."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.action import CUSTOM_ID_MOST, Action
from mjgate.domain.buttons import (
    PRIMARY,
    Button,
    Window,
    asks_always,
    hash_in,
    in_order,
    meaning,
    of_grid,
    of_upscale,
    pressed,
    synthesised,
)
from mjgate.domain.errors import BadField

H = "5938067e-b820-4938-b3ad-69d81778cbc4"
NEVER, REMIX, ALWAYS = Window.NEVER, Window.REMIX, Window.ALWAYS

# customId, action, window
TABLE: Sequence[tuple[str, Action, Window]] = [
    *((f"MJ::JOB::upsample::{n}::{H}", Action.UPSCALE, NEVER) for n in range(1, 5)),
    *((f"MJ::JOB::variation::{n}::{H}", Action.VARIATION, REMIX) for n in range(1, 5)),
    (f"MJ::JOB::reroll::0::{H}::SOLO", Action.REROLL, REMIX),
    (f"MJ::JOB::low_variation::1::{H}::SOLO", Action.LOW_VARIATION, REMIX),
    (f"MJ::JOB::high_variation::1::{H}::SOLO", Action.HIGH_VARIATION, REMIX),
    (f"MJ::Inpaint::1::{H}::SOLO", Action.INPAINT, ALWAYS),
    *((f"MJ::Outpaint::{n}::1::{H}::SOLO", Action.ZOOM, NEVER) for n in (50, 75, 100)),
    (f"MJ::CustomZoom::{H}", Action.CUSTOM_ZOOM, ALWAYS),
    (f"MJ::CustomZoom::1::{H}", Action.CUSTOM_ZOOM, ALWAYS),
    *(
        (f"MJ::JOB::pan_{side}::1::{H}::SOLO", Action.PAN, REMIX)
        for side in ("left", "right", "up", "down")
    ),
    *(
        (f"MJ::JOB::upsample_{form}::1::{H}::SOLO", Action.UPSCALE_HD, NEVER)
        for form in ("v6_2x_subtle", "v6_2x_creative", "v5_2x", "v5_4x", "v6.1-2x", "新")
    ),
    *(
        (f"MJ::JOB::animate_{form}::1::{H}{tail}", Action.VIDEO, REMIX)
        for form in ("high", "low", "high_extend", "x-1")
        for tail in ("", "::SOLO")
    ),
    (f"MJ::JOB::video::1::{H}::SOLO", Action.VIDEO, ALWAYS),
    (f"MJ::JOB::video::{H}", Action.VIDEO, ALWAYS),
    *((f"MJ::JOB::video_virtual_upscale::{n}::{H}", Action.UPSCALE, NEVER) for n in range(1, 5)),
    *((f"MJ::Job::PicReader::{n}", Action.IMAGINE, ALWAYS) for n in range(1, 5)),
    ("MJ::Job::PicReader::all", Action.IMAGINE, NEVER),
    ("MJ::Picread::Retry", Action.DESCRIBE, NEVER),
    *((f"MJ::Job::PromptAnalyzer::{n}", Action.IMAGINE, ALWAYS) for n in range(1, 6)),
    ("MJ::Job::PromptAnalyzer::all", Action.IMAGINE, NEVER),
    (f"MJ::BOOKMARK::{H}", Action.BOOKMARK, NEVER),
]

UNKNOWN = [
    f"MJ::JOB::upsample::5::{H}",
    f"MJ::JOB::upsample::0::{H}",
    f"MJ::JOB::upsample::\uff11::{H}",
    "MJ::JOB::upsample::1",
    "MJ::JOB::upsample::1::",
    f"MJ::JOB::pan_in::1::{H}::SOLO",
    f"MJ::JOB::reroll::0::{H}::OTHER",
    f"xMJ::JOB::upsample::1::{H}",
    f"MJ::JOB::upsample::1::{H}\n",
    "MJ::Job::PicReader::5",
    "MJ::Job::PromptAnalyzer::6",
    "MJ::Settings::Remix",
    "MJ::CancelJob::ByJobid::" + H,
    "anything::",
    "a\n::b",
    "::",
]


@pytest.mark.parametrize("case", [str, str.upper, str.lower, str.swapcase])
@pytest.mark.parametrize(("custom_id", "action", "window"), TABLE)
def test_a_button_means_what_the_table_says_in_any_letter_case(
    custom_id: str, action: Action, window: Window, case: type[str]
) -> None:
    found = meaning(case(custom_id))

    assert (found.action, found.window) == (action, window)


def test_some_buttons_always_ask() -> None:
    asking = {custom_id for custom_id, _, window in TABLE if window is ALWAYS}

    assert {custom_id for custom_id, _, _ in TABLE if asks_always(custom_id)} == asking
    assert not asks_always("")


@pytest.mark.parametrize("custom_id", UNKNOWN)
def test_a_button_that_no_row_knows_is_an_action_at_the_default_price(custom_id: str) -> None:
    found = meaning(custom_id)

    assert (found.action, found.window) == (Action.ACTION, Window.NEVER)


@pytest.mark.parametrize(
    "custom_id", ["", "upscale", "MJ:JOB:upsample:1", "MJ: :JOB", "：：", "U1"]
)
def test_what_has_no_double_colon_is_no_button(custom_id: str) -> None:
    with pytest.raises(BadField) as refused:
        meaning(custom_id)

    assert refused.value.field == "customId"


@given(st.text(max_size=CUSTOM_ID_MOST))
def test_any_text_is_a_button_or_refused_by_its_colons(custom_id: str) -> None:
    try:
        found = meaning(custom_id)
    except BadField:
        assert "::" not in custom_id
    else:
        assert "::" in custom_id
        assert found.action in Action


@pytest.mark.parametrize("action", Action)
def test_made_buttons_mean_something_and_fit_into_a_request(action: Action) -> None:
    buttons = synthesised(action, H)

    assert len({button.custom_id for button in buttons}) == len(buttons)
    for button in buttons:
        assert meaning(button.custom_id).action is not Action.ACTION
        assert button.label or button.emoji
        assert button.style == PRIMARY
        assert len(button.custom_id) <= CUSTOM_ID_MOST


GRIDS = [
    Action.IMAGINE, Action.VARIATION, Action.REROLL, Action.LOW_VARIATION, Action.HIGH_VARIATION,
    Action.INPAINT, Action.ZOOM, Action.CUSTOM_ZOOM, Action.PAN, Action.BLEND,
]  # fmt: skip


@pytest.mark.parametrize("action", GRIDS)
def test_a_grid_offers_u1_first_then_reroll_then_variations(action: Action) -> None:
    shown = [button.label or button.emoji for button in synthesised(action, H)]

    assert shown == ["U1", "U2", "U3", "U4", "🔄", "V1", "V2", "V3", "V4"]
    assert synthesised(action, H)[0].custom_id == f"MJ::JOB::upsample::1::{H}"


def test_a_clip_that_was_enlarged_offers_what_a_clip_can_become() -> None:
    offered = synthesised(Action.UPSCALE, H, clip=True)

    assert [meaning(button.custom_id).action for button in offered] == [
        Action.VIDEO,
        Action.VIDEO,
        Action.BOOKMARK,
    ]
    assert synthesised(Action.VIDEO, H, clip=True) == synthesised(Action.VIDEO, H)


def test_an_upscale_offers_upscale_vary_region_zoom_pan_and_animate() -> None:
    offered = {meaning(button.custom_id).action for button in synthesised(Action.UPSCALE, H)}

    assert offered == {
        Action.UPSCALE_HD,
        Action.LOW_VARIATION,
        Action.HIGH_VARIATION,
        Action.INPAINT,
        Action.ZOOM,
        Action.CUSTOM_ZOOM,
        Action.PAN,
        Action.VIDEO,
        Action.BOOKMARK,
    }


@pytest.mark.parametrize(
    ("action", "custom_ids"),
    [
        (Action.DESCRIBE, [f"MJ::Job::PicReader::{n}" for n in range(1, 5)]),
        (Action.SHORTEN, [f"MJ::Job::PromptAnalyzer::{n}" for n in range(1, 6)]),
        (Action.VIDEO, [f"MJ::JOB::video_virtual_upscale::{n}::{H}" for n in range(1, 5)]),
        (Action.UPLOAD, []),
        (Action.BOOKMARK, []),
        (Action.ACTION, []),
    ],
)
def test_other_results_offer_their_own_buttons(action: Action, custom_ids: list[str]) -> None:
    assert [button.custom_id for button in synthesised(action, H)] == custom_ids


@given(
    st.text(
        st.characters(exclude_characters=":", exclude_categories=["C", "Z"]),
        min_size=1,
        max_size=64,
    )
)
def test_the_hash_in_a_button_is_the_one_it_was_made_with(job_hash: str) -> None:
    for action in Action:
        buttons = synthesised(action, job_hash)

        assert hash_in(buttons) in {job_hash, None}
    assert hash_in(of_grid(job_hash)) == hash_in(of_upscale(job_hash)) == job_hash


def test_without_a_button_that_carries_one_there_is_no_hash() -> None:
    assert hash_in([]) is None
    assert hash_in([Button("MJ::Job::PicReader::1"), Button("a::b")]) is None


@pytest.mark.parametrize(
    ("action", "index", "label"),
    [
        *((Action.UPSCALE, n, f"U{n}") for n in range(1, 5)),
        *((Action.VARIATION, n, f"V{n}") for n in range(1, 5)),
        (Action.REROLL, 0, "🔄"),
    ],
)
def test_a_number_presses_the_button_of_the_grid(action: Action, index: int, label: str) -> None:
    grid = {button.label or button.emoji: button.custom_id for button in of_grid(H)}

    assert pressed(action, index, H) == grid[label]


def test_no_other_action_is_pressed_by_number() -> None:
    with pytest.raises(BadField) as refused:
        pressed(Action.PAN, 1, H)

    assert refused.value.field == "action"


def test_a_grid_begins_with_u1_whatever_its_upstream_began_with() -> None:
    ordered = of_grid("h")
    odd = (ordered[4], *ordered[5:], ordered[2], ordered[0], ordered[3], ordered[1])

    assert in_order(Action.IMAGINE, odd) == ordered
    assert in_order(Action.UPSCALE, odd) == odd
    assert in_order(Action.IMAGINE, ()) == ()
