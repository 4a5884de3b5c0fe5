"""Unknown fields of a submit: which travel on, which stay, and how much of them."""

import json

import pytest
from hypothesis import given

from mjgate.domain.action import COMMON, RULES
from mjgate.domain.extras import DEEPEST, EXTRAS_MOST, absent, extras
from tests.json_values import JSON, OBJECTS

STAYS = [
    "notifyHook", "notify_hook", "webhook", "hookUrl", "callback", "callbackUrl", "notifyUrl",
    "state", "tools", "toolChoice", "user", "userId", "end_user", "account", "accountFilter",
    "accountId", "channel", "channelId", "discordChannelId", "instance", "instanceId",
    "discordInstanceId", "storage", "storageOption", "bucket", "remix", "nijiRemix", "remark",
    "remixAutoConsidered", "mode", "modes", "filter", "token", "secret", "nonce", "proxy", "apiKey",
]  # fmt: skip
KNOWN = sorted({row.name for rule in RULES.values() for row in (*COMMON, *rule.fields)})
CASES = [str, str.upper, str.lower, str.swapcase, str.title]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", sorted({*STAYS, *KNOWN}))
def test_what_chooses_or_was_checked_here_stays_in_any_letter_case(
    name: str, case: type[str]
) -> None:
    assert extras({case(name): "x", "quality": 2}) == {"quality": 2}


@pytest.mark.parametrize(
    "name", ["\u017ftate", "notifyHoo\u212a", "sta\x00te", "pro\x07mpt", "Prompt"]
)
def test_a_name_that_others_may_read_as_one_of_those_stays(name: str) -> None:
    assert extras({name: "x"}) == {}


def test_what_stays_does_not_hide_deeper() -> None:
    body = {"options": {"notifyHook": "https://a.example/", "deep": [{"userId": 7, "size": 3}]}}

    assert extras(body) == {"options": {"deep": [{"size": 3}]}}


def test_what_means_something_upstream_travels_on() -> None:
    body: dict[str, object] = {"quality": 2, "tile": True, "weights": [1, 0.5], "x": {"y": "猫"}}

    assert extras(body) == body


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_what_is_absent_does_not_travel(value: object) -> None:
    assert absent(value)
    assert extras({"quality": value}) == {}


@pytest.mark.parametrize("value", [0, False, 0.0, " ", [None], {"a": None}])
def test_zero_false_and_blanks_are_present(value: object) -> None:
    assert not absent(value)
    assert extras({"quality": value}) == {"quality": value}


def test_texts_are_cleaned_at_every_depth() -> None:
    body = {"a\x00b": ["c\x1b", {"d\x07": "e\n\t"}]}

    assert extras(body) == {"ab": ["c", {"d": "e\n\t"}]}


def test_what_does_not_fit_is_dropped_and_not_refused() -> None:
    fits = "x" * (EXTRAS_MOST // 2)

    assert list(extras({"a": fits, "b": fits, "c": 1})) == ["a"]
    assert extras({"a": "猫" * (EXTRAS_MOST // 3)}) == {}
    assert extras({"a": "猫" * (EXTRAS_MOST // 4)}) != {}


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 900])
def test_what_is_nested_too_deep_is_dropped(depth: int) -> None:
    value: object = 1
    for _ in range(depth):
        value = [value]

    assert bool(extras({"nested": value})) == (depth <= DEEPEST)


@given(OBJECTS)
def test_extras_are_small_clean_and_none_of_ours(body: dict[str, object]) -> None:
    kept = extras(body)

    assert len(json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")) <= EXTRAS_MOST
    assert not {name.casefold() for name in kept} & {name.casefold() for name in KNOWN}
    assert extras(kept) == kept
    json.dumps(kept, ensure_ascii=False).encode()


@given(JSON)
def test_any_value_is_present_or_absent(value: object) -> None:
    assert absent(value) == (value in (None, "", [], {}))
