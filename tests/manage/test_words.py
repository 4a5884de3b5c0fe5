"""The list of banned words, as admins keep it."""

import pytest

from mjgate.manage import BadValue, Desk, NoSuch, Taken, words
from tests.manage.audit import audited


async def test_words_are_added_listed_and_removed_by_word_or_id_and_audited(desk: Desk) -> None:
    blood = await words.add(desk, " Blood ")
    await words.add(desk, "血")

    assert [each.word for each in await words.listed(desk.store.reader)] == ["Blood", "血"]
    assert (await words.remove(desk, str(blood.id))).word == "Blood"
    assert (await words.remove(desk, "血")).word == "血"
    assert await words.listed(desk.store.reader) == []
    assert [row[:2] for row in await audited(desk)] == [
        ("test", "banned word added"),
        ("test", "banned word added"),
        ("test", "banned word removed"),
        ("test", "banned word removed"),
    ]


async def test_the_same_word_in_another_form_is_taken(desk: Desk) -> None:
    await words.add(desk, "blood")

    with pytest.raises(Taken):
        await words.add(desk, "BLOOD")


@pytest.mark.parametrize("word", ["", " ", "!", "x" * 101, "https://a.example"])
async def test_what_cannot_be_a_word_is_refused(desk: Desk, word: str) -> None:
    with pytest.raises(BadValue) as wrong:
        await words.add(desk, word)

    assert wrong.value.field == "word"


@pytest.mark.parametrize("word", ["blood", "7", "9" * 20])
async def test_what_is_not_on_the_list_cannot_be_removed(desk: Desk, word: str) -> None:
    with pytest.raises(NoSuch):
        await words.remove(desk, word)
