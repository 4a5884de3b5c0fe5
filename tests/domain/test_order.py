"""Reading submit bodies, rule by rule: what is required, what is absent, what is refused."""

import base64
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.action import COMMON, RULES, Bot, Kind, Mode, Rule
from mjgate.domain.errors import BadField, MissingField, Refused
from mjgate.domain.image import Picture
from mjgate.domain.order import Order, read_order
from tests.json_values import JSON, bodies

PNG_DATA = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00"
PNG = base64.b64encode(PNG_DATA).decode()
PICTURE = Picture(PNG_DATA, "image/png")
LINK = "https://pictures.example/a.png"
ID = "1763712000123456"
U1 = "MJ::JOB::upsample::1::abc"

Body = Mapping[str, object]

LEAST: Mapping[str, Body] = {
    "submit/imagine": {"prompt": "a fox"},
    "submit/action": {"taskId": ID, "customId": U1},
    "submit/change": {"taskId": ID, "action": "UPSCALE", "index": 1},
    "submit/simple-change": {"content": f"{ID} U2"},
    "submit/modal": {"taskId": ID},
    "submit/blend": {"base64Array": [PNG, PNG]},
    "submit/describe": {"base64": PNG},
    "submit/shorten": {"prompt": "a fox"},
    "submit/video": {"image": LINK},
    "submit/edits": {"prompt": "a fox", "image": PNG},
    "submit/retexture": {"prompt": "a fox", "image": PNG},
    "submit/upload-discord-images": {"base64Array": [PNG]},
    "insight-face/swap": {"sourceBase64": PNG, "targetBase64": PNG},
}
"""The smallest body that each rule takes."""

ALSO: Sequence[tuple[str, Body]] = [
    ("submit/imagine", {"prompt": "a fox", "base64Array": [PNG] * 5, "base64": PNG}),
    ("submit/change", {"taskId": ID, "action": "reroll"}),
    ("submit/change", {"taskId": int(ID), "action": "REROLL", "index": 0}),
    ("submit/change", {"taskId": ID, "action": "variation", "index": "4"}),
    ("submit/modal", {"taskId": ID, "prompt": "x", "maskBase64": PNG}),
    ("submit/describe", {"link": LINK, "language": "zh"}),
    ("submit/video", {"base64": PNG, "motion": "HIGH", "loop": True, "batchSize": 4}),
    ("submit/video", {"taskId": ID, "action": "Extend", "index": 0}),
    ("insight-face/swap", {"sourceUrl": LINK, "targetUrl": LINK}),
    ("insight-face/swap", {"sourceUrl": LINK, "targetBase64": PNG}),
]

MISSING: Sequence[tuple[str, Body, str]] = [
    ("submit/change", {"taskId": ID, "action": "UPSCALE"}, "index"),
    ("submit/change", {"taskId": ID, "index": 1}, "action"),
    ("submit/video", {"taskId": ID, "index": 1}, "action"),
    ("submit/video", {"taskId": ID, "action": "extend"}, "index"),
    ("submit/video", {"prompt": "a fox"}, "image"),
    ("submit/describe", {"language": "en"}, "base64"),
    ("insight-face/swap", {"sourceBase64": PNG}, "targetBase64"),
    ("insight-face/swap", {"targetUrl": LINK}, "sourceBase64"),
]

ABSENT: Sequence[object] = [None, "", [], {}]


def read(path: str, body: Body) -> Order:
    return read_order(RULES[path], body)


@pytest.mark.parametrize("path", RULES)
def test_the_least_that_a_rule_asks_for_is_enough(path: str) -> None:
    order = read(path, LEAST[path])

    assert order.rule is RULES[path]
    assert (order.bot, order.modes, order.extras) == (Bot.MID_JOURNEY, (), {})


@pytest.mark.parametrize(("path", "body"), ALSO, ids=str)
def test_other_forms_are_taken_as_well(path: str, body: Body) -> None:
    read(path, body)


@pytest.mark.parametrize("absent", ABSENT, ids=repr)
@pytest.mark.parametrize("path", RULES)
def test_what_is_required_may_not_be_absent_and_is_named(path: str, absent: object) -> None:
    for name in LEAST[path]:
        for body in ({**LEAST[path], name: absent}, _without(LEAST[path], name)):
            with pytest.raises(MissingField) as refused:
                read(path, body)

            assert refused.value.field == name
            assert name in refused.value.description


@pytest.mark.parametrize(("path", "body", "field"), MISSING, ids=str)
def test_what_another_field_makes_necessary_is_named(path: str, body: Body, field: str) -> None:
    with pytest.raises(MissingField) as refused:
        read(path, body)

    assert refused.value.field == field


@pytest.mark.parametrize("absent", ABSENT, ids=repr)
@pytest.mark.parametrize("path", RULES)
def test_optional_fields_that_are_absent_are_as_if_not_sent(path: str, absent: object) -> None:
    rows = (*COMMON, *RULES[path].fields)
    nothing = {row.name: absent for row in rows if row.name not in LEAST[path]}

    assert read(path, {**nothing, **LEAST[path]}) == read(path, LEAST[path])


WRONG: Mapping[Kind, Sequence[object]] = {
    Kind.TEXT: [7, True, 1.5, ["x"], {"x": 1}],
    Kind.TASK: [True, 1.5, ["1"], {"id": 1}, "../1", "a b", "x" * 65, "é"],
    Kind.NUMBER: [True, 1.5, "x", "1.0", "-1", -1, 9, 10**30, "9" * 5_000, "\uff11", [1], {"n": 1}],
    Kind.CHOICE: [7, True, "other", ["x"], {"x": 1}],
    Kind.IMAGE: [7, True, 1.5, [PNG], {"url": LINK}, "%%%", "ftp://a.example/"],
    Kind.IMAGES: [7, [7], [True], [[PNG]], [{"url": LINK}], ["%%%"]],
}
"""What no field of that kind takes."""

FIELDS = [
    pytest.param(path, row.name, row.kind, id=f"{path} {row.name}")
    for path, rule in RULES.items()
    for row in (*COMMON, *rule.fields)
    if row.kind in WRONG
]


@pytest.mark.parametrize(("path", "name", "kind"), FIELDS)
def test_a_value_of_a_wrong_type_names_its_field(path: str, name: str, kind: Kind) -> None:
    for value in WRONG[kind]:
        with pytest.raises(Refused) as refused:
            read(path, {**LEAST[path], name: value})

        assert refused.value.field == name, value
        assert (refused.value.code, refused.value.status) == (4, 200)
        assert refused.value.reason in {"bad_field", "bad_image"}


@pytest.mark.parametrize(
    ("name", "most"),
    [("prompt", 8_000), ("state", 255), ("notifyHook", 2_000), ("instanceId", 255)],
)
def test_a_text_may_be_as_long_as_its_bound_and_no_longer(name: str, most: int) -> None:
    read("submit/imagine", {"prompt": "a fox", name: "猫" * most})

    with pytest.raises(BadField) as refused:
        read("submit/imagine", {"prompt": "a fox", name: "x" * (most + 1)})
    assert refused.value.field == name
    assert str(most) in refused.value.description


def test_a_custom_id_has_a_bound_of_its_own() -> None:
    read("submit/action", {"taskId": ID, "customId": "x" * 512})

    with pytest.raises(BadField) as refused:
        read("submit/action", {"taskId": ID, "customId": "x" * 513})
    assert refused.value.field == "customId"


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [("submit/blend", 2, 6), ("submit/imagine", 0, 10), ("submit/upload-discord-images", 1, 10)],
)
def test_a_list_of_images_has_its_bounds(path: str, least: int, most: int) -> None:
    body = LEAST[path]
    for count in range(max(least, 1), most + 1):
        order = read(path, {**body, "base64Array": [PNG, "", None] * count})

        assert order.images == (PICTURE,) * count

    for count in {least - 1, most + 1} - {-1, 0}:
        with pytest.raises(BadField) as refused:
            read(path, {**body, "base64Array": [PNG] * count})
        assert refused.value.field == "base64Array"


def test_the_old_form_of_an_image_comes_after_the_list() -> None:
    order = read("submit/imagine", {"prompt": "x", "base64": PNG, "base64Array": [LINK, PNG]})

    assert order.images == (LINK, PICTURE, PICTURE)


def test_a_lone_image_where_a_list_is_meant_is_a_list_of_one() -> None:
    assert read("submit/imagine", {"prompt": "x", "base64Array": PNG}).images == (PICTURE,)


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("submit/modal", {"maskBase64": PNG}, {"mask": PICTURE}),
        ("submit/edits", {"maskBase64": PNG}, {"mask": PICTURE}),
        ("submit/video", {"endImage": LINK}, {"end_image": LINK}),
        ("insight-face/swap", {"targetUrl": LINK}, {"target": PICTURE}),
    ],
)
def test_images_with_a_role_of_their_own_are_kept_apart(
    path: str, body: Body, named: Mapping[str, object]
) -> None:
    assert read(path, {**LEAST[path], **body}).named_images == named


@pytest.mark.parametrize(
    ("raw", "bot"),
    [
        ("MID_JOURNEY", Bot.MID_JOURNEY),
        ("mj", Bot.MID_JOURNEY),
        ("niji_journey", Bot.NIJI_JOURNEY),
        (" NIJI ", Bot.NIJI_JOURNEY),
    ],
)
def test_a_bot_is_read_in_any_case_and_in_short(raw: str, bot: Bot) -> None:
    assert read("submit/imagine", {"prompt": "x", "botType": raw}).bot is bot


FAST, RELAX, TURBO = Mode.FAST, Mode.RELAX, Mode.TURBO


@pytest.mark.parametrize(
    ("body", "modes"),
    [
        ({"mode": "turbo"}, (TURBO,)),
        ({"modes": ["relax", "FAST"]}, (RELAX, FAST)),
        ({"modes": "Fast"}, (FAST,)),
        ({"accountFilter": {"modes": ["RELAX"]}}, (RELAX,)),
        ({"accountFilter": {"modes": "RELAX"}}, (RELAX,)),
        ({"accountFilter": {"modes": ["RELAX"]}, "modes": ["FAST"]}, (RELAX,)),
        ({"accountFilter": {"modes": []}, "modes": ["FAST"]}, (FAST,)),
        ({"mode": "FAST", "modes": ["TURBO", "FAST", "RELAX"]}, (FAST, TURBO, RELAX)),
        ({"mode": "slow", "modes": ["", 7, None, "x", "RELAX"]}, (RELAX,)),
        ({"modes": {"FAST": True}}, ()),
        ({"modes": 7}, ()),
        ({"accountFilter": "FAST"}, ()),
        ({"accountFilter": ["FAST"]}, ()),
    ],
)
def test_modes_are_read_from_where_they_may_stand_best_first(
    body: Body, modes: tuple[Mode, ...]
) -> None:
    assert read("submit/imagine", {"prompt": "x", **body}).modes == modes


@pytest.mark.parametrize(
    ("body", "instance"),
    [
        ({"instanceId": "abc"}, "abc"),
        ({"accountFilter": {"instanceId": "abc"}}, "abc"),
        ({"accountFilter": {"instanceId": "abc"}, "instanceId": "other"}, "abc"),
        ({"accountFilter": {"instanceId": ""}, "instanceId": "abc"}, "abc"),
        ({"accountFilter": {"instanceId": None}}, ""),
    ],
)
def test_a_channel_is_named_flat_or_in_the_filter(body: Body, instance: str) -> None:
    assert read("submit/imagine", {"prompt": "x", **body}).instance_id == instance


@pytest.mark.parametrize("value", [7, ["a"], {"a": 1}, "x" * 256])
def test_a_channel_in_the_filter_has_the_bounds_of_a_flat_one(value: object) -> None:
    with pytest.raises(BadField) as refused:
        read("submit/imagine", {"prompt": "x", "accountFilter": {"instanceId": value}})

    assert refused.value.field == "instanceId"


@pytest.mark.parametrize(
    ("body", "remix"),
    [
        ({"enableRemix": True}, True),
        ({"enableRemix": "true"}, True),
        ({"enableRemix": False}, False),
        ({"enableRemix": "false"}, False),
        ({"enableRemix": 1}, False),
        ({"remix": True}, False),
        ({"accountFilter": {"remix": True, "nijiRemix": True, "remixAutoConsidered": True}}, False),
    ],
)
def test_only_enable_remix_asks_for_a_window(body: Body, *, remix: bool) -> None:
    assert read("submit/action", {**LEAST["submit/action"], **body}).remix is remix


def test_fields_are_kept_as_upstreams_spell_them() -> None:
    order = read(
        "submit/video",
        {"image": PNG, "motion": "LOW", "videoType": "vid_1.1", "batchSize": "2", "loop": "True"},
    )
    extension = read("submit/video", {"taskId": ID, "action": "EXTEND", "index": "3"})

    assert order.fields == {"motion": "low", "videoType": "vid_1.1", "batchSize": 2, "loop": True}
    assert extension.fields == {"action": "extend", "index": 3}


def test_what_has_a_place_of_its_own_is_not_kept_among_the_fields() -> None:
    order = read(
        "submit/action",
        {"taskId": int(ID), "customId": U1, "state": "mine", "chooseSameChannel": True},
    )

    assert (order.parent, order.custom_id, order.caller_state) == (ID, U1, "mine")
    assert (order.fields, order.extras) == ({}, {})


def test_texts_lose_control_characters_and_keep_the_rest() -> None:
    order = read("submit/imagine", {"prompt": " a\x00 b\n\t猫 ", "state": "\x1bmine"})

    assert (order.prompt, order.caller_state) == (" a b\n\t猫 ", "mine")
    for blank in (" \n", "\x00"):
        with pytest.raises(MissingField):
            read("submit/imagine", {"prompt": blank})


def test_unknown_fields_travel_on() -> None:
    order = read("submit/imagine", {"prompt": "x", "quality": 2, "userId": 7, "PROMPT": "y"})

    assert order.extras == {"quality": 2}


@st.composite
def submits(draw: st.DrawFn) -> tuple[Rule, dict[str, object]]:
    rule = RULES[draw(st.sampled_from(sorted(RULES)))]
    names = [row.name for row in (*COMMON, *rule.fields)]
    body: dict[str, object] = dict(LEAST[rule.path]) if draw(st.booleans()) else {}
    return rule, body | draw(bodies(*names))


@given(submits())
def test_any_body_is_read_or_refused(asked: tuple[Rule, dict[str, object]]) -> None:
    rule, body = asked
    before = dict(body)

    read_or_refused = _outcome(rule, body)

    names = {row.name for row in rule.fields}
    if isinstance(read_or_refused, Refused):
        assert read_or_refused.field in names | {row.name for row in COMMON}
        assert read_or_refused.status == 200
    else:
        assert len(read_or_refused.prompt) <= 8_000
        assert set(read_or_refused.fields) <= names
    assert body == before


@given(st.sampled_from(sorted(RULES)), JSON)
def test_any_account_filter_is_read_or_refused_by_the_channel_it_names(
    path: str, account: object
) -> None:
    read_or_refused = _outcome(RULES[path], {**LEAST[path], "accountFilter": account})

    assert not isinstance(read_or_refused, Refused) or read_or_refused.field == "instanceId"


def _outcome(rule: Rule, body: Body) -> Order | Refused:
    try:
        return read_order(rule, body)
    except Refused as refused:
        return refused


def _without(body: Body, name: str) -> Body:
    return {key: value for key, value in body.items() if key != name}
