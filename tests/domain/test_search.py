"""The words by which prompts are found."""

import pytest

from mjgate.domain.search import PARTS_MOST, asked, indexed, owner


@pytest.mark.parametrize(
    ("prompt", "question"),
    [
        ("A Red FOX, in the snow!", "fox red"),
        ("Café \uff26\uff4f\uff58 \uff11\uff12", "CAFÉ fox 12"),
        ("一只红狐在雪地里", "红狐"),
        ("一只红狐在雪地里", "狐"),
        ("一只红狐在雪地里", "红狐 雪地"),
        ("雪のキツネ fox狐", "キツネ fox"),
        ("붉은 여우", "여우"),
        ("--ar 16:9 --v 6.1", "16:9"),
        ("x" * 500, "x" * 500),
    ],
)
def test_what_is_asked_for_is_among_the_words_of_the_prompt(prompt: str, question: str) -> None:
    words = asked(question)

    assert words
    assert set(words) <= set(indexed(prompt))


@pytest.mark.parametrize(
    ("prompt", "question"), [("a red fox", "re"), ("红 狐", "红狐"), ("foxes", "fox")]
)
def test_a_part_of_a_word_is_no_word(prompt: str, question: str) -> None:
    assert not set(asked(question)) <= set(indexed(prompt))


@pytest.mark.parametrize("text", ["", "!!", "\0", '"*()', "§1", "' OR '", "🦊"])
def test_no_text_has_the_mark_of_an_owner_or_a_sign_that_means_something(text: str) -> None:
    for word in (*indexed(text), *asked(text)):
        assert word.isalnum()
        assert word != owner(1)


def test_a_question_is_bounded() -> None:
    assert len(asked(" ".join(str(number) for number in range(50)))) == 10
    assert len(asked("".join(chr(0x4E00 + number) for number in range(500)))) == PARTS_MOST
