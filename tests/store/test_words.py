import json
from typing import LiteralString, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.store.database import Database
from mjgate.store.engines.words import PostgresStatements, SqliteStatements, with_types

KEPT = [
    "SELECT",
    "id",
    "(",
    ", 'a :name in a literal'",
    "'it''s IN each(:ids) FOR UPDATE'",
    "'12:30:00'",
    '"a column: BIGINT"',
    "::text",
    "CAST(1 AS BIGINT)",
    "-- a comment with :name and an it's\n",
    "/* :name \n FOR UPDATE ' */",
    "each",
    "json ->> '$.a:b'",
    ":1",
]

names = st.sampled_from(["id", "_state", "now2", "IDs"])


@given(st.lists(st.sampled_from(KEPT) | names.map(":{}".format)))
def test_only_parameters_are_replaced_and_numbered_as_they_come(pieces: list[str]) -> None:
    numbers: dict[str, int] = {}
    expected = [
        f"${numbers.setdefault(piece[1:], len(numbers) + 1)}"
        if piece.startswith(":") and piece[1].isidentifier()
        else piece
        for piece in pieces
    ]

    text, names = PostgresStatements()[" ".join(pieces)]

    assert text == " ".join(expected)
    assert names == tuple(numbers)


@given(st.lists(st.sampled_from(KEPT) | names.map(":{}".format)))
def test_sqlite_knows_parameters_by_our_names(pieces: list[str]) -> None:
    sql = " ".join(pieces)

    assert SqliteStatements()[sql] == (sql, ())


@pytest.mark.parametrize(
    ("ours", "sqlite", "postgresql"),
    [
        ("id IN each(:ids)", "id IN (SELECT value FROM json_each(:ids))", "id = ANY($1)"),
        (
            "x = :x AND id NOT IN  each( :ids ) AND y = :x",
            "x = :x AND id NOT IN (SELECT value FROM json_each(:ids)) AND y = :x",
            "x = $1 AND id <> ALL($2) AND y = $1",
        ),
        ("x ORDER BY found.task_id DESC", "x ORDER BY found.task_id DESC", "x"),
        ("SELECT 1 FOR UPDATE", "SELECT 1", "SELECT 1 FOR UPDATE"),
        (
            "LIMIT :n\n    FOR UPDATE OF t SKIP LOCKED",
            "LIMIT :n",
            "LIMIT $1\n    FOR UPDATE OF t SKIP LOCKED",
        ),
        ("ON CONFLICT DO UPDATE SET a = 1", "ON CONFLICT DO UPDATE SET a = 1", ...),
    ],
)
def test_a_few_words_differ(ours: str, sqlite: str, postgresql: str) -> None:
    said = SqliteStatements()[ours][0], PostgresStatements()[ours][0]

    assert " ".join(said[0].split()) == " ".join(sqlite.split())
    assert said[1] == (ours if postgresql is ... else postgresql)


def test_a_list_travels_to_sqlite_as_json() -> None:
    text, values = SqliteStatements().bind("a IN each(:a) AND b = :b", {"a": ["x", "é"], "b": 1})

    assert "json_each(:a)" in text
    assert values["b"] == 1
    assert json.loads(cast("str", values["a"])) == ["x", "é"]


def test_words_travel_as_literals_all_of_which_must_be_there() -> None:
    asked = "FROM found(:whose, :words, :low, :below) WHERE a = :a"
    values = {"words": ["fox", "a\"b'c"], "whose": "§7", "low": 1, "below": 9, "a": 1}

    _, sqlite = SqliteStatements().bind(asked, values)
    _, postgresql = PostgresStatements().bind(asked, values)

    assert sqlite == {**values, "words": '"fox" "a""b\'c"'}
    assert postgresql == ["§7", "'fox' & 'a\"b''c'", 1, 9, 1]


def test_a_value_may_be_left_over_but_not_missing() -> None:
    statements = PostgresStatements()

    assert statements.bind("SELECT :a", {"a": 1, "b": 2}) == ("SELECT $1", [1])
    with pytest.raises(KeyError, match="a"):
        statements.bind("SELECT :a", {"b": 2})


def test_what_is_inserted_goes_along_with_the_change_that_follows() -> None:
    sqls = (
        "INSERT INTO events (id, at) VALUES (:id, :at)",
        "INSERT INTO events (id, at) SELECT id, :at FROM tasks",
        "UPDATE users SET held = held + :held WHERE id = :id",
    )

    joined = PostgresStatements().joined(sqls)

    assert joined is not None
    assert " ".join(joined.split()) == (
        "WITH part_0 AS ( INSERT INTO events (id, at) VALUES ($1, $2) ),"
        " part_1 AS ( INSERT INTO events (id, at) SELECT id, $3 FROM tasks )"
        " UPDATE users SET held = held + $4 WHERE id = $5"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM follow WHERE task_id = :id",
        "INSERT INTO seen (id) SELECT id FROM follow",
        "INSERT INTO follow (id) VALUES (:id) ON CONFLICT DO NOTHING",
        "CREATE TABLE seen (id BIGINT)",
    ],
)
def test_what_looks_at_an_insert_does_not_go_along_with_it(sql: str) -> None:
    assert PostgresStatements().joined(("INSERT INTO follow (id) VALUES (:id)", sql)) is None


TYPES = """
CREATE TABLE t ( -- TEXT
    id IDENTITY,
    "TEXT" TEXT NOT NULL DEFAULT 'BYTES',
    n BIGINT CHECK (CAST(n AS TEXT) <> ''), CONTEXT BYTES
) STRICT , WITHOUT ROWID;
"""


def test_types_have_their_own_names_on_sqlite() -> None:
    assert (
        with_types(TYPES, "sqlite")
        == """
CREATE TABLE t ( -- TEXT
    id INTEGER PRIMARY KEY,
    "TEXT" TEXT NOT NULL DEFAULT 'BYTES',
    n INTEGER CHECK (CAST(n AS TEXT) <> ''), CONTEXT BLOB
) STRICT , WITHOUT ROWID;
"""
    )


def test_types_have_their_own_names_on_postgresql() -> None:
    assert (
        with_types(TYPES, "postgresql")
        == """
CREATE TABLE t ( -- TEXT
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    "TEXT" TEXT COLLATE "C" NOT NULL DEFAULT 'BYTES',
    n BIGINT CHECK (CAST(n AS TEXT) <> ''), CONTEXT BYTEA
);
"""
    )


SAID: LiteralString = """
    SELECT CAST(:n AS BIGINT) AS n, ':n' AS kept, 'it''s :n' AS "a:n" -- :n
    /* :n */ WHERE :n = CAST(:n AS BIGINT) AND :n IN each(:ns)
"""


async def test_both_engines_understand_it(bank: Database) -> None:
    row = await bank.reader.row(SAID, n=5, ns=[4, 5])

    assert row is not None
    assert tuple(row) == (5, ":n", "it's :n")
    assert row["a:n"] == "it's :n"
