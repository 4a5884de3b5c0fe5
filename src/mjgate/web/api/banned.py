"""/api/banned-word/: what no prompt may say, while the setting `banned_words` is on."""

from typing import Final

from msgspec import Struct

from mjgate.domain.errors import NotFound
from mjgate.manage import words
from mjgate.store.words import Word
from mjgate.web.api.rows import Call, Page, Row, Who, acts, looks, takes


class WordNew(Struct, frozen=True, forbid_unknown_fields=True):
    """A word, or several in a row."""

    word: str


class WordView(Struct, frozen=True):
    """A word of the list."""

    id: int
    word: str
    created_at: int


def _shown(word: Word) -> WordView:
    return WordView(word.id, word.word, word.created_at)


async def _list(call: Call) -> Page[WordView]:
    page = call.page()
    found = await words.listed(call.gateway.store.reader)
    shown = found[page.skipped : page.skipped + page.size]
    return Page([_shown(each) for each in shown], len(found), page.number, page.size)


async def _create(call: Call, body: WordNew) -> WordView:
    return _shown(await words.add(call.desk, body.word))


async def _delete(call: Call) -> None:
    found = await words.listed(call.gateway.store.reader)
    word = next((each.word for each in found if each.id == call.id), None)
    if word is None:
        raise NotFound(f"There is no banned word {call.id}.")
    await words.remove(call.desk, word)


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/banned-word/", Who.ADMIN, _list, "The list of banned words.",
          gives=Page[WordView], query=("p", "page_size")),
    takes("POST", "/api/banned-word/", Who.ADMIN, WordNew, _create,
          "Put a word, or several in a row, on the list.", gives=WordView),
    acts("DELETE", "/api/banned-word/{id}", Who.ADMIN, _delete, "Take a word off the list."),
)  # fmt: skip
