"""Words that prompts must not have, as rows."""

from dataclasses import dataclass

from mjgate.store.database import Reader, Row, Transaction

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Word:
    """One row: the word as it was given, and in the form in which it is looked for."""

    id: int
    word: str
    plain: str
    created_at: int


async def version(reader: Reader) -> Version:
    """What changes whenever the list does."""
    row = await reader.row(
        """
        SELECT COUNT(*) AS n, COALESCE(MAX(id), 0) AS id, COALESCE(MAX(created_at), 0) AS at
        FROM banned_words
        """
    )
    return (0, 0, 0) if row is None else (int(row["n"]), int(row["id"]), int(row["at"]))


async def listed(reader: Reader) -> list[Word]:
    """Every word, in the order of the alphabet."""
    rows = await reader.rows("SELECT * FROM banned_words ORDER BY plain")
    return [_from_row(row) for row in rows]


async def found(reader: Reader, plain: str) -> Word | None:
    """The row of a word, known by its plain form."""
    row = await reader.row("SELECT * FROM banned_words WHERE plain = :plain", plain=plain)
    return None if row is None else _from_row(row)


async def by_id(reader: Reader, word_id: int) -> Word | None:
    """The row with that id."""
    row = await reader.row("SELECT * FROM banned_words WHERE id = :id", id=word_id)
    return None if row is None else _from_row(row)


async def add(tx: Transaction, word: str, plain: str, now: int) -> int:
    """Put a word on the list; its id. ConstraintBroken `a_word_is_listed_once`."""
    row = await tx.row(
        """
        INSERT INTO banned_words (word, plain, created_at) VALUES (:word, :plain, :now)
        RETURNING id
        """,
        word=word,
        plain=plain,
        now=now,
    )
    return 0 if row is None else int(row["id"])


async def remove(tx: Transaction, word_id: int) -> bool:
    """Take a word off the list. False if it is not on it."""
    return await tx.run("DELETE FROM banned_words WHERE id = :id", id=word_id) == 1


def _from_row(row: Row) -> Word:
    return Word(row["id"], row["word"], row["plain"], row["created_at"])
