"""What an upstream's answer to a submit means: the engine's outcome table, row by row."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.dialects import Accepted, Heard
from mjgate.dialects.mjproxy import answered, seed_in
from mjgate.domain.errors import Rejected, Unanswered
from mjgate.domain.reasons import Reason, Verdict
from tests.json_values import JSON, bodies

SAMPLES = Path(__file__).parent.parent / "samples" / "mjproxy"
HTML = b"<html><body>502 Bad Gateway</body></html>"


def heard(body: object, status: int = 200, **headers: str) -> Heard:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Heard(status, named, raw)


def coded(code: object, result: object = "42", **properties: object) -> dict[str, object]:
    return {"code": code, "description": "said", "result": result, "properties": properties}


def outcome(answer: Heard, *, follow_up: bool = False) -> Accepted | Rejected | Unanswered:
    try:
        return answered(answer, follow_up=follow_up)
    except (Rejected, Unanswered) as error:
        return error


def verdict(answer: Heard, *, follow_up: bool = False) -> Verdict | None:
    """What a refusal means; None where nobody can tell whether it was taken."""
    found = outcome(answer, follow_up=follow_up)
    assert not isinstance(found, Accepted)
    return found.verdict if isinstance(found, Rejected) else None


def sample(name: str) -> Heard:
    return Heard(200, {}, (SAMPLES / f"{name}.json").read_bytes())


RECORDED: Mapping[str, Accepted] = {
    "openaihk_submit_ok": Accepted(ids=("1751352955547075",)),
    "submit_code1_ok": Accepted(ids=("8498455807619990",)),
    "submit_code21_existed": Accepted(ids=("0741798445574458",), existed=True),
    "submit_code21_modal": Accepted(
        ids=("1720000000000000",), window=True, final_prompt="a cat --v 6.1"
    ),
    "submit_code22_queued": Accepted(ids=("0741798445574458",), waiting=1),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_acceptances_are_read(name: str) -> None:
    assert outcome(sample(name)) == RECORDED[name]


def test_a_recorded_full_queue_is_busy() -> None:
    found = outcome(sample("submit_code23_queue_full"))

    assert isinstance(found, Rejected)
    assert (found.verdict, str(found)) == (Verdict.BUSY, "队列已满，请稍后尝试")


def test_a_recorded_banned_word_is_told_with_the_word() -> None:
    found = outcome(sample("submit_code24_banned"))

    assert isinstance(found, Rejected)
    assert (found.verdict, found.reason) == (Verdict.CONTENT, Reason.BANNED_WORD)
    assert found.properties == {"promptEn": "nude body", "bannedWord": "nude"}


def test_every_recorded_answer_to_a_submit_is_among_these() -> None:
    recorded = {path.stem for path in SAMPLES.glob("*submit*.json")}

    assert recorded == {*RECORDED, "submit_code23_queue_full", "submit_code24_banned"}


@pytest.mark.parametrize(
    ("result", "ids"),
    [
        ("42", ("42",)),
        (1751352955547075, ("1751352955547075",)),
        (1751352955547075.0, ("1751352955547075",)),
        (["42", 43], ("42", "43")),
        ("42,43, 44 ,", ("42", "43", "44")),
        (" 42 ", ("42",)),
        (["42", None, "", {"id": 1}], ("42",)),
        ("task_1-a", ("task_1-a",)),
        ("4\x002", ("42",)),
    ],
)
@pytest.mark.parametrize("code", [1, "1", 1.0, 22, "22", " 1 "], ids=repr)
def test_an_id_is_read_in_every_form(code: object, result: object, ids: tuple[str, ...]) -> None:
    assert outcome(heard(coded(code, result))) == Accepted(ids=ids)


@pytest.mark.parametrize("result", [None, "", [], {}, True, "a b", "x" * 256, [None], {"id": "42"}])
@pytest.mark.parametrize("code", [1, 21, 22])
def test_an_acceptance_without_an_id_says_nothing_certain(code: int, result: object) -> None:
    assert verdict(heard(coded(code, result))) is None
    assert verdict(heard({"code": code})) is None


@pytest.mark.parametrize(
    ("properties", "accepted"),
    [
        ({"status": "SUCCESS"}, Accepted(ids=("42",), existed=True)),
        ({"imageUrl": "https://a.example/1.png"}, Accepted(ids=("42",), existed=True)),
        (
            {"status": "SUBMITTED", "finalPrompt": "a fox"},
            Accepted(ids=("42",), existed=True, final_prompt="a fox"),
        ),
        ({"finalPrompt": "a fox"}, Accepted(ids=("42",), window=True, final_prompt="a fox")),
        ({"finalPrompt": ""}, Accepted(ids=("42",), window=True)),
        ({"remix": True}, Accepted(ids=("42",), window=True)),
        ({"status": "", "imageUrl": None}, Accepted(ids=("42",))),
        ({}, Accepted(ids=("42",))),
    ],
)
def test_code_21_is_known_work_or_a_window_or_asks_for_a_look(
    properties: Mapping[str, object], accepted: Accepted
) -> None:
    assert outcome(heard({"code": 21, "result": "42", "properties": properties})) == accepted


@pytest.mark.parametrize("ahead", [-1, 10**30, "10" * 20, "many", True, None], ids=repr)
def test_a_length_of_queue_that_cannot_be_is_none(ahead: object) -> None:
    answer = heard(coded(22, "42", numberOfQueues=ahead))

    assert outcome(answer) == Accepted(ids=("42",), waiting=0)


@pytest.mark.parametrize("properties", [None, [], "x", 7])
def test_odd_properties_are_as_good_as_none(properties: object) -> None:
    body = {"code": 21, "result": "42", "properties": properties}

    assert outcome(heard(body)) == Accepted(ids=("42",))


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 429, 500, 502])
@pytest.mark.parametrize(
    ("code", "follow_up", "expected"),
    [
        (23, False, Verdict.BUSY),
        (24, False, Verdict.CONTENT),
        (4, False, Verdict.CONTENT),
        (4, True, Verdict.CONTENT),
        (3, True, Verdict.PARENT_GONE),
        (3, False, Verdict.CHANNEL),
        (9, False, Verdict.CHANNEL),
        (9, True, Verdict.CHANNEL),
        ("24", False, Verdict.CONTENT),
        (3.0, True, Verdict.PARENT_GONE),
    ],
    ids=repr,
)
def test_a_code_decides_before_the_status(
    code: object, expected: Verdict, status: int, *, follow_up: bool
) -> None:
    answer = heard({"code": code, "description": "no"}, status)

    assert verdict(answer, follow_up=follow_up) is expected


@pytest.mark.parametrize("status", [200, 201, 400, 500])
@pytest.mark.parametrize("code", [1, 22])
def test_an_acceptance_is_one_under_any_status(code: int, status: int) -> None:
    assert outcome(heard(coded(code), status)) == Accepted(ids=("42",))


BY_STATUS: Mapping[int, Verdict | None] = {
    200: None,
    201: None,
    204: None,
    301: Verdict.CHANNEL,
    302: Verdict.CHANNEL,
    307: Verdict.CHANNEL,
    308: Verdict.CHANNEL,
    400: Verdict.REQUEST,
    401: Verdict.CREDENTIAL,
    402: Verdict.CREDENTIAL,
    403: Verdict.CREDENTIAL,
    404: Verdict.CHANNEL,
    405: Verdict.CHANNEL,
    408: None,
    413: Verdict.REQUEST,
    418: None,
    422: Verdict.REQUEST,
    429: Verdict.BUSY,
    500: None,
    502: None,
    503: None,
    504: None,
    520: None,
}

WITHOUT_A_CODE: Sequence[object] = [
    b"", HTML, b"{", b"null", b"[]", b'"1"', b"\xff\xfe", b"[" * 5_000, b"1", b"\x00",
    {}, [coded(1)], {"result": "42"}, {"error": {"message": "no"}}, {"code": None}, {"code": True},
    {"code": "ok"}, {"code": [1]}, {"code": 1.5}, {"code": "1.0"}, {"code": 10**30},
    coded(0), coded(2), coded(-1), coded(200), coded("\uff19"),
]  # fmt: skip


@pytest.mark.parametrize("status", BY_STATUS)
def test_without_a_known_code_the_status_decides(status: int) -> None:
    for body in WITHOUT_A_CODE:
        assert verdict(heard(body, status)) is BY_STATUS[status], body
        assert verdict(heard(body, status), follow_up=True) is BY_STATUS[status], body


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [("7", 7), (" 0 ", 0), ("-1", None), ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("", None)],
)
def test_a_busy_channel_may_say_for_how_long(sent: str, seconds: int | None) -> None:
    for answer in (heard(b"", 429, retry_after=sent), heard(coded(23), retry_after=sent)):
        found = outcome(answer)

        assert isinstance(found, Rejected)
        assert (found.verdict, found.retry_after) == (Verdict.BUSY, seconds)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"code": 9, "description": "no\x00 way", "message": "other"}, "no way"),
        ({"code": 9, "message": "no way"}, "no way"),
        ({"code": 9, "description": None}, "code 9"),
    ],
)
def test_what_was_said_is_kept_for_the_operator(body: object, text: str) -> None:
    assert str(outcome(heard(body))) == text


def test_an_answer_that_says_nothing_is_quoted_for_the_operator() -> None:
    assert str(outcome(heard(HTML, 502))) == f"HTTP 502: {HTML.decode()}"
    assert str(outcome(heard(b"", 404))) == "HTTP 404: empty body"
    assert str(outcome(heard(coded(7), 400))) == "HTTP 400: said"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no way"}},
        {"error": "no way"},
        {"detail": "no way"},
        {"message": "no way", "error": {"message": "other"}},
        {"msg": " no way "},
    ],
)
def test_a_sentence_is_found_where_other_servers_put_it(body: object) -> None:
    assert str(outcome(heard(body, 422))) == "HTTP 422: no way"


def test_a_missing_parent_has_its_own_reason() -> None:
    found = outcome(heard({"code": 3}, 404), follow_up=True)

    assert isinstance(found, Rejected)
    assert found.reason is Reason.PARENT_GONE_UPSTREAM


def test_of_a_banned_word_only_what_is_plain_is_told() -> None:
    properties = {"bannedWord": "x\x00y", "promptEn": ["a"], "offset": "3", "ip": "10.0.0.1"}

    found = outcome(heard(coded(24, None, **properties)))

    assert isinstance(found, Rejected)
    assert found.properties == {"bannedWord": "xy", "offset": 3}


def test_a_byte_order_mark_does_no_harm() -> None:
    assert outcome(heard(b"\xef\xbb\xbf" + msgspec.json.encode(coded(1)))) == Accepted(ids=("42",))


@pytest.mark.parametrize(
    "result", ["3087253145", 3087253145, 3087253145.0, " 3087253145 "], ids=repr
)
def test_a_seed_is_read_from_text_and_number(result: object) -> None:
    assert seed_in(heard(coded("1", result))) == "3087253145"


@pytest.mark.parametrize(
    ("code", "result", "status"),
    [(1, None, 200), (1, "0", 200), (1, "-5", 200), (1, "no", 200), (4, "5", 200), (3, None, 200),
     (4, None, 400), (None, None, 404), (None, None, 405)],
)  # fmt: skip
def test_who_has_no_seed_has_none_later_either(code: object, result: object, status: int) -> None:
    assert seed_in(heard(coded(code, result), status)) == ""


@pytest.mark.parametrize(
    ("code", "status"), [(9, 200), (22, 200), (None, 200), (4, 401), (4, 429), (4, 503), (1, 500)]
)
def test_who_cannot_tell_a_seed_now_may_tell_it_later(code: object, status: int) -> None:
    with pytest.raises(Unanswered):
        seed_in(heard(coded(code), status))


STATUSES = st.sampled_from(sorted(BY_STATUS)) | st.integers(100, 599)


@given(
    body=bodies("code", "description", "result", "properties") | JSON,
    status=STATUSES,
    follow_up=st.booleans(),
)
def test_any_json_is_an_acceptance_a_refusal_or_nothing_certain(
    body: object, status: int, *, follow_up: bool
) -> None:
    try:
        raw = msgspec.json.encode(body)
    except UnicodeEncodeError:
        return
    found = outcome(Heard(status, {}, raw), follow_up=follow_up)

    if isinstance(found, Accepted):
        assert found.ids
        assert not (found.existed and found.window)


@given(st.binary(max_size=200), STATUSES)
def test_any_bytes_are_an_acceptance_a_refusal_or_nothing_certain(raw: bytes, status: int) -> None:
    outcome(Heard(status, {}, raw))


@given(st.binary(max_size=200) | bodies("code", "result"), STATUSES)
def test_any_answer_has_a_seed_that_is_a_number_or_none(body: object, status: int) -> None:
    try:
        told = heard(body, status)
        found = seed_in(told)
    except (Unanswered, UnicodeEncodeError):
        return

    assert found == "" or int(found) > 0


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (401, "bad_key", Verdict.CREDENTIAL),
        (402, "quota_not_enough", Verdict.CREDENTIAL),
        (403, "mode_not_allowed", Verdict.CREDENTIAL),
        (404, "not_found", Verdict.CHANNEL),
        (429, "rate_limited", Verdict.BUSY),
        (500, "internal", None),
        (503, "overloaded", None),
        (200, "bad_field", Verdict.CONTENT),
        (200, "bad_image", Verdict.CONTENT),
    ],
)
def test_a_gateway_above_us_means_its_status(
    status: int, reason: str, expected: Verdict | None
) -> None:
    assert verdict(heard(coded(4, None, reason=reason), status)) is expected
