"""The one function between a timeline and its owner: nothing gets through that is not his."""

import json

from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.timeline import _SHOWN, Data, Event, Kind, for_owner, in_order

HIDDEN = (
    "zq-fine-channel",
    "zq.upstream.example",
    "zq7f31b2c9",
    "ZQ-Node-0a1b2c3d",
    "b6a1c3de-4f50-4a61-9b7c-0d1e2f3a4b5c",
    "1763712000123456789",
    "https://zq.upstream.example/mj?sig=abc",
    "Zq (new)+*",
)
FORBIDDEN = st.sampled_from(HIDDEN)
KEYS = st.sampled_from(
    sorted({key for keys in _SHOWN.values() for key in keys} | {"said", "channel", "nonce", "x"})
)
TEXTS = st.one_of(
    FORBIDDEN,
    st.tuples(st.text(max_size=8), FORBIDDEN, st.text(max_size=8)).map("".join),
    st.tuples(FORBIDDEN, FORBIDDEN).map("".join),
    st.tuples(FORBIDDEN).map(lambda each: each[0].upper()),
    st.tuples(FORBIDDEN).map(lambda each: "200 " + json.dumps({"description": each[0]})),
    st.tuples(FORBIDDEN).map(lambda each: json.dumps({"failReason": each[0], "result": each[0]})),
    st.tuples(FORBIDDEN).map(lambda each: f"502 <h1>{each[0]}</h1>"),
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(0, 100),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
EVENTS = st.builds(
    Event,
    at=st.integers(0, 10**13),
    kind=st.sampled_from(Kind),
    actor=TEXTS | st.sampled_from(["look", "user 7", "node ZQ-Node-0a1b2c3d"]),
    what=TEXTS | st.sampled_from(["QUEUED", "FAILURE", "hold"]),
    data=st.dictionaries(KEYS, VALUES, max_size=4),
)


@given(st.lists(EVENTS, max_size=3), st.permutations(HIDDEN))
def test_nothing_hidden_gets_through_wherever_it_stands(
    events: list[Event], hidden: list[str]
) -> None:
    told = for_owner(events, hidden)

    seen = json.dumps(
        [[each.kind, each.actor, each.what, each.text, dict(each.data)] for each in told],
        ensure_ascii=False,
    ).lower()
    assert [name for name in hidden if name.lower() in seen] == []


@given(st.lists(EVENTS, max_size=5))
def test_the_owner_reads_of_every_event_when_and_what_about(events: list[Event]) -> None:
    told = for_owner(events, ["zq"])

    assert [(each.at, each.kind) for each in told] == [(each.at, each.kind) for each in events]
    assert all(set(each.data) <= _SHOWN[each.kind] | {"said"} for each in told)


def an_answer(said: str, **data: object) -> Data:
    event = Event(at=1, kind=Kind.ANSWER, actor="upstream", what="refused",
                  data={"said": said, "outcome": "refused", **data})  # fmt: skip
    return for_owner([event], ["main", "mj.example"])[0].data


def test_of_an_upstreams_answer_the_owner_reads_its_message() -> None:
    full = an_answer('200 {"code":24,"description":"banned by main: gore","result":"1763712000"}')
    page = an_answer("502 <html>nginx at mj.example</html>")

    assert full == {"outcome": "refused", "said": "banned by …: gore; 24"}
    assert page == {"outcome": "refused", "said": "HTTP 502"}


def test_a_numbers_only_upstream_id_and_a_jobs_uuid_are_hidden_though_nobody_names_them() -> None:
    said = an_answer('200 {"message":"job 1763712000123 (0f8fad5b-d9cb-469f-a165-70867728950e)"}')

    assert said["said"] == "job … (…)"


def test_events_of_one_moment_keep_their_order() -> None:
    first, second, later = (
        Event(at=at, kind=Kind.STATE, actor="user", what=what)
        for at, what in ((5, "QUEUED"), (5, "SENDING"), (9, "SUBMITTED"))
    )

    assert in_order([later, first, second]) == [first, second, later]


def test_every_event_reads_as_a_sentence() -> None:
    told = [
        Event(at=0, kind=Kind.STATE, actor="user", what="QUEUED", data={"price": 5}),
        Event(at=0, kind=Kind.STATE, actor="look", what="FAILURE", data={"reason": "moderated"}),
        Event(at=0, kind=Kind.PROGRESS, actor="look", what="progress", data={"progress": 40}),
        Event(at=0, kind=Kind.ATTEMPT, actor="gateway", what="submit", data={"no": 2}),
        Event(at=0, kind=Kind.MONEY, actor="gateway", what="hold", data={"amount": 7}),
        Event(at=0, kind=Kind.WEBHOOK, actor="gateway", what="final", data={"status": 502}),
    ]

    assert [each.text for each in told] == [
        "Accepted. Waits in the queue.",
        "Failed. Reason: moderated.",
        "40% done.",
        "Attempt 2: handed to a channel.",
        "7 units are held.",
        "Webhook final: 502.",
    ]
