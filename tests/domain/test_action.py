"""The ways to submit, held against the protocol's list."""

from collections.abc import Mapping

import pytest

from mjgate.domain.action import COMMON, RULES, Action, Rule

# path -> stored action, required, optional
PROTOCOL: Mapping[str, tuple[str | None, str, str]] = {
    "submit/imagine": ("IMAGINE", "prompt", "base64Array base64"),
    "submit/action": (None, "taskId customId", "enableRemix chooseSameChannel"),
    "submit/change": (None, "taskId action index", ""),
    "submit/simple-change": (None, "content", ""),
    "submit/modal": (None, "taskId", "prompt maskBase64"),
    "submit/blend": ("BLEND", "base64Array", "dimensions"),
    "submit/describe": ("DESCRIBE", "base64|link", "language"),
    "submit/shorten": ("SHORTEN", "prompt", ""),
    "submit/video": (
        "VIDEO",
        "image|base64|taskId",
        "action index prompt motion endImage loop videoType batchSize",
    ),
    "submit/edits": ("EDITS", "prompt image", "maskBase64"),
    "submit/retexture": ("RETEXTURE", "prompt image", ""),
    "submit/upload-discord-images": ("UPLOAD", "base64Array", ""),
    "insight-face/swap": ("SWAP_FACE", "sourceBase64|sourceUrl targetBase64|targetUrl", ""),
}


def test_every_way_of_the_protocol_is_a_rule_and_nothing_else_is() -> None:
    assert {path: rule.action for path, rule in RULES.items()} == {
        path: action for path, (action, _, _) in PROTOCOL.items()
    }
    assert RULES["submit/edits"].aliases == ("submit/edit",)


@pytest.mark.parametrize("path", PROTOCOL)
def test_a_rule_names_the_fields_of_the_protocol(path: str) -> None:
    _, required, optional = PROTOCOL[path]
    rule = RULES[path]

    single = {word for word in required.split() if "|" not in word}
    groups = tuple(tuple(word.split("|")) for word in required.split() if "|" in word)

    assert {row.name for row in rule.fields if row.required} == single
    assert rule.either == groups
    assert _optional(rule) == set(optional.split())


def test_every_submit_takes_the_common_fields() -> None:
    assert {row.name for row in COMMON} == {
        "notifyHook",
        "state",
        "botType",
        "accountFilter",
        "instanceId",
        "modes",
        "mode",
        "remix",
    }


def test_every_rule_says_in_a_sentence_what_it_does() -> None:
    for rule in RULES.values():
        assert rule.summary.endswith(".")
        assert len({row.name for row in rule.fields}) == len(rule.fields)


def test_every_action_is_stored_under_its_own_name() -> None:
    assert all(action.name == action.value for action in Action)


def _optional(rule: Rule) -> set[str]:
    grouped = {name for group in rule.either for name in group}
    return {row.name for row in rule.fields if not row.required} - grouped
