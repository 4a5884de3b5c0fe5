"""Banned words: the list that admins keep. It counts while the setting `banned_words` is on."""

from typing import Final

from mjgate.domain.words import WORD_MOST, plain
from mjgate.manage import BadValue, Desk, NoSuch, Taken
from mjgate.store import words
from mjgate.store.database import ConstraintBroken, Reader, Transaction
from mjgate.store.words import Word

MOST: Final = 20_000


async def add(desk: Desk, word: str) -> Word:
    """Put a word, or several in a row, on the list. BadValue, Taken."""
    form = plain(word)
    if not form:
        msg = (
            f"A word has a letter or digit, no address or flag, and at most {WORD_MOST} characters."
        )
        raise BadValue(msg, field="word")
    return await desk.store.write(_add, desk, word.strip(), form)


async def remove(desk: Desk, word: str) -> Word:
    """Take a word off the list, known by itself or by its id. NoSuch."""
    return await desk.store.write(_remove, desk, word)


async def listed(reader: Reader) -> list[Word]:
    """Every word on the list."""
    return await words.listed(reader)


async def _add(tx: Transaction, desk: Desk, word: str, form: str) -> Word:
    now = desk.clock.now()
    if (await words.version(tx))[0] >= MOST:
        msg = f"The list is full: {MOST} words."
        raise BadValue(msg, field="word")
    try:
        word_id = await words.add(tx, word, form, now)
    except ConstraintBroken as broken:
        msg = f"The list has {word!r} already."
        raise Taken(msg, noun="banned word", field="word") from broken
    await desk.audit(tx, "banned word added", f"word {word_id}", after=word)
    return Word(word_id, word, form, now)


async def _remove(tx: Transaction, desk: Desk, word: str) -> Word:
    row = await words.found(tx, plain(word))
    if row is None and word.isdecimal() and len(word) < 16:  # noqa: PLR2004  ids are 64 bits
        row = await words.by_id(tx, int(word))
    if row is None or not await words.remove(tx, row.id):
        raise NoSuch("banned word", word)
    subject = f"word {row.id}"
    await desk.audit(tx, "banned word removed", subject, after=row.word)
    return row
