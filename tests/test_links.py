"""Our own addresses: signed over what they show, and good for nothing else."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.keys import SHORTEST, Keys, Master
from mjgate.links import Links

OLD = Master("o" * SHORTEST)
NEW = Master("n" * SHORTEST)
LINKS = Links("https://us.example", Keys(OLD))
ROTATED = Links("https://us.example", Keys(NEW, {OLD.id: OLD}))
TASK = 1_763_712_000_123_456

IDS = st.integers(10**15, 2**53 - 1)
NUMBERS = st.integers(0, 5)


def signature(url: str) -> str:
    return parse_qs(urlsplit(url).query)["sig"][0]


def test_addresses_have_the_forms_of_the_protocol() -> None:
    stem = f"https://us.example/mj/image/{TASK}"

    assert LINKS.image(TASK).startswith(f"{stem}?sig={OLD.id}.")
    assert LINKS.image(TASK, n=2).startswith(f"{stem}/2?sig={OLD.id}.")
    assert LINKS.image(TASK, progress=40).endswith("&v=40")
    assert LINKS.video(TASK, 0).startswith(f"https://us.example/mj/video/{TASK}/0.mp4?sig=")


def test_an_address_is_always_the_same_and_changes_with_progress() -> None:
    again = Links("https://us.example", Keys(Master(OLD.secret)))

    assert LINKS.image(TASK) == again.image(TASK)
    assert len({LINKS.image(TASK), *(LINKS.image(TASK, progress=n) for n in range(100))}) == 101


@given(IDS, NUMBERS, st.none() | st.integers(0, 100))
def test_a_picture_is_opened_by_its_own_signature(
    task_id: int, n: int, progress: int | None
) -> None:
    signed = signature(LINKS.image(task_id, n=n, progress=progress))
    version = "" if progress is None else str(progress)

    assert LINKS.opens("image", str(task_id), n, version, signed)
    assert not LINKS.opens("image", str(task_id + 1), n, version, signed)
    assert not LINKS.opens("image", str(task_id), n + 1, version, signed)
    assert not LINKS.opens("image", str(task_id), n, version + "1", signed)
    assert not LINKS.opens("video", str(task_id), n, version, signed)
    assert not LINKS.opens("image", f"0{task_id}", n, version, signed)


@given(IDS, NUMBERS)
def test_a_clip_is_opened_by_its_own_signature(task_id: int, n: int) -> None:
    signed = signature(LINKS.video(task_id, n))

    assert LINKS.opens("video", str(task_id), n, "", signed)
    assert not LINKS.opens("video", str(task_id), n + 1, "", signed)
    assert not LINKS.opens("image", str(task_id), n, "", signed)


def test_the_host_is_not_under_the_signature() -> None:
    elsewhere = Links("http://127.0.0.1:8000", Keys(OLD))

    assert signature(elsewhere.image(TASK)) == signature(LINKS.image(TASK))


def test_addresses_outlive_a_new_key_until_the_old_one_is_gone() -> None:
    signed = signature(LINKS.image(TASK))

    assert ROTATED.opens("image", str(TASK), 0, "", signed)
    assert not Links("https://us.example", Keys(NEW)).opens("image", str(TASK), 0, "", signed)


@given(st.integers(1, 99), IDS, st.integers(1, 9))
def test_a_notice_is_good_for_one_attempt_of_one_task(
    channel_id: int, task_id: int, attempt: int
) -> None:
    address = LINKS.notice(channel_id, task_id, attempt)

    stem, _, secret = address.rpartition("/")
    channel, task, number = str(channel_id), str(task_id), str(attempt)
    assert stem == f"https://us.example/mj/notify/{channel}/{task}-{number}"
    assert LINKS.is_notice(channel, task, number, secret)
    assert not LINKS.is_notice(channel, task, str(attempt + 1), secret)
    assert not LINKS.is_notice(str(channel_id + 1), task, number, secret)
    assert not LINKS.is_notice(channel, str(task_id + 1), number, secret)


def test_a_signature_has_one_purpose() -> None:
    picture = signature(LINKS.image(TASK))
    notice = LINKS.notice(1, TASK, 1).rpartition("/")[2]

    assert not LINKS.is_notice("image", str(TASK), "0", picture)
    assert not LINKS.opens("1", str(TASK), 1, "", notice)


@pytest.mark.parametrize(
    "wrong", ["", "x", f"{OLD.id}.", f"{OLD.id}.x", "\ud800", "a.b.c"], ids=ascii
)
def test_a_wrong_signature_opens_nothing(wrong: str) -> None:
    assert not LINKS.opens("image", str(TASK), 0, "", wrong)
    assert not LINKS.is_notice("1", str(TASK), "1", wrong)
