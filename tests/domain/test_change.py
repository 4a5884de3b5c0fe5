"""Numbers and letters in place of buttons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.action import RULES
from mjgate.domain.buttons import Button, of_grid
from mjgate.domain.change import as_button, spelled_out
from mjgate.domain.errors import BadField, MissingField, Refused, Unsupported
from mjgate.domain.order import Order, read_order

ID = "1763712000123456"
GRID = of_grid("abc")


def simple(content: str) -> Order:
    return read_order(RULES["submit/simple-change"], {"content": content})


def change(action: str, index: int | None = None) -> Order:
    body = {"taskId": ID, "action": action, "index": index}
    return read_order(RULES["submit/change"], body)


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (f"{ID} U1", "U1"),
        (f"{ID} u4", "U4"),
        (f" {ID}  V3 ", "V3"),
        (f"{ID}\tv2", "V2"),
        (f"{ID} R", "🔄"),
        (f"{ID} r", "🔄"),
    ],
)
def test_a_line_is_the_press_of_a_button(content: str, label: str) -> None:
    order = as_button(spelled_out(simple(content)), GRID)

    custom_ids = {button.label or button.emoji: button.custom_id for button in GRID}
    assert (order.rule.path, order.parent) == ("submit/action", ID)
    assert order.custom_id == custom_ids[label]


@pytest.mark.parametrize(
    ("action", "index", "label"),
    [("UPSCALE", 2, "U2"), ("variation", 4, "V4"), ("REROLL", None, "🔄"), ("REROLL", 3, "🔄")],
)
def test_a_number_is_the_press_of_a_button(action: str, index: int | None, label: str) -> None:
    order = as_button(change(action, index), GRID)

    custom_ids = {button.label or button.emoji: button.custom_id for button in GRID}
    assert (order.custom_id, order.parent, order.fields) == (custom_ids[label], ID, {})


@pytest.mark.parametrize("content", [ID, "U2", f"{ID} U5", f"{ID} X1", f"{ID} U2 V1", f"{ID}U2"])
def test_a_line_that_says_something_else_is_refused(content: str) -> None:
    with pytest.raises(BadField) as refused:
        spelled_out(simple(content))

    assert refused.value.field == "content"


@pytest.mark.parametrize("content", [f"{ID} U", f"{ID} v"])
def test_an_upscale_or_variation_needs_its_number(content: str) -> None:
    with pytest.raises(MissingField):
        as_button(spelled_out(simple(content)), GRID)


@pytest.mark.parametrize("buttons", [(), (Button("MJ::Job::PicReader::1"),)])
def test_a_task_without_a_grid_has_no_such_button(buttons: tuple[Button, ...]) -> None:
    with pytest.raises(Unsupported) as refused:
        as_button(change("UPSCALE", 1), buttons)

    assert refused.value.field == "taskId"


def test_other_orders_stay_as_they_are() -> None:
    order = read_order(RULES["submit/imagine"], {"prompt": "a fox"})

    assert as_button(spelled_out(order), GRID) is order


@given(st.text(min_size=1, max_size=64).filter(str.strip))
def test_any_line_is_read_or_refused(content: str) -> None:
    try:
        as_button(spelled_out(simple(content)), GRID)
    except Refused as refused:
        named = refused.field

        assert named in {"content", "index"}
