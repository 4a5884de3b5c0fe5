import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

import pytest

from mjgate.domain.clock import HOUR, SECOND, SystemClock
from mjgate.store.database import (
    BodyWaited,
    ConstraintBroken,
    Database,
    DatabaseAway,
    Reader,
    StoreError,
    Transaction,
    Value,
    in_transaction,
)
from tests.postgres import PostgresServer
from tests.store.conftest import balance_of, names_in, open_account, pay_in

request_id: ContextVar[str] = ContextVar("request_id")


async def both_of(db: Database, name: str) -> list[tuple[object, ...]]:
    """The same look through a reader and through a transaction."""

    async def look(reader: Reader) -> tuple[object, ...]:
        row = await reader.row("SELECT id, name FROM accounts WHERE name = :name", name=name)
        assert row is not None
        assert [row["id"], row["name"]] == [row[0], row[1]] == list(row)
        assert len(row) == 2
        return tuple(row)

    return [await look(db.reader), await db.write(look)]


async def test_a_row_is_read_by_name_by_position_and_in_order(bank: Database) -> None:
    seen = await both_of(bank, "alice")

    assert seen == [(1, "alice"), (1, "alice")]


async def test_a_row_that_is_not_there_is_none(bank: Database) -> None:
    sql = "SELECT id FROM accounts WHERE id = :id"

    assert await bank.reader.row(sql, id=9) is None
    assert await bank.reader.rows(sql, id=9) == []
    assert await bank.reader.scan(sql, id=9) == []


@pytest.mark.parametrize(
    "value", [None, "", "a:b", "'; --", "愛 🐈 :name", "\N{RIGHT-TO-LEFT OVERRIDE}"]
)
async def test_text_comes_back_as_it_went(bank: Database, value: str | None) -> None:
    async def wear(tx: Transaction) -> None:
        await tx.run("UPDATE accounts SET badge = :badge", badge=value)

    await bank.write(wear)

    row = await bank.reader.row("SELECT badge FROM accounts")
    assert row is not None
    assert row["badge"] == value


async def test_large_numbers_and_bytes_come_back_as_they_went(bank: Database) -> None:
    async def paint(tx: Transaction) -> None:
        await tx.run(
            "UPDATE accounts SET balance = :balance, picture = :picture",
            balance=2**63 - 1,
            picture=bytes(range(256)),
        )

    await bank.write(paint)

    row = await bank.reader.row("SELECT balance, picture FROM accounts")
    assert row is not None
    assert tuple(row) == (2**63 - 1, bytes(range(256)))


async def test_names_are_ordered_by_their_bytes_on_both_engines(bank: Database) -> None:
    for name in ("Zoe", "_", "élan", "Bob", "bob"):
        await bank.write(open_account, name)

    rows = await bank.reader.rows("SELECT name FROM accounts ORDER BY name")

    assert [name for (name,) in rows] == ["Bob", "Zoe", "_", "alice", "bob", "élan"]


async def test_sums_and_truths_are_plain_numbers(bank: Database) -> None:
    await bank.write(open_account, "bob", 2**60)
    await bank.write(open_account, "charlie", 7)

    row = await bank.reader.row(
        """
        SELECT SUM(balance), COUNT(*), SUM(balance) > 0, MAX(balance) < 0,
            EXISTS (SELECT 1 FROM accounts WHERE name LIKE 'B%'), NULL = 1
        FROM accounts WHERE :all OR name = 'nobody'
        """,
        all=1,
    )

    assert row is not None
    assert [repr(value) for value in row] == [str(2**60 + 7), "3", "1", "0", "0", "None"]


async def test_an_average_is_a_float(bank: Database) -> None:
    await bank.write(open_account, "bob", 5)

    row = await bank.reader.row("SELECT AVG(balance) FROM accounts")

    assert row is not None
    assert repr(row[0]) == "2.5"


@pytest.mark.parametrize(
    ("chosen", "inside", "outside"),
    [
        ([], set[str](), {"alice", "bob", "charlie"}),
        (["bob"], {"bob"}, {"alice", "charlie"}),
        (("bob", "charlie", "dora"), {"bob", "charlie"}, {"alice"}),
    ],
)
async def test_a_list_is_one_parameter(
    bank: Database, chosen: list[str], inside: set[str], outside: set[str]
) -> None:
    await bank.write(open_account, "bob")
    await bank.write(open_account, "charlie")

    found = await bank.reader.rows(
        "SELECT name FROM accounts WHERE name IN each(:names)", names=chosen
    )
    others = await bank.reader.rows(
        "SELECT name FROM accounts WHERE name NOT IN each(:names)", names=chosen
    )

    assert {name for (name,) in found} == inside
    assert {name for (name,) in others} == outside


async def test_a_list_of_numbers_may_be_used_in_a_change(bank: Database) -> None:
    async def pay_all(tx: Transaction, ids: list[int]) -> int:
        return await tx.run(
            "UPDATE accounts SET balance = balance + 5 WHERE id IN each(:ids)", ids=ids
        )

    bob = await bank.write(open_account, "bob")

    assert await bank.write(pay_all, [1, bob, 999]) == 2
    assert await balance_of(bank, bob) == 5


async def test_rows_may_be_locked_for_update(bank: Database) -> None:
    async def lock(tx: Transaction) -> list[int]:
        wait = await tx.rows("SELECT id FROM accounts WHERE name = :n FOR UPDATE", n="alice")
        skip = await tx.rows("SELECT id FROM accounts ORDER BY id FOR UPDATE SKIP LOCKED")
        return [row["id"] for row in (*wait, *skip)]

    assert await bank.write(lock) == [1, 1]


async def test_a_change_says_how_many_rows_it_changed(bank: Database) -> None:
    async def count(tx: Transaction) -> list[int]:
        return [
            await pay_in(tx, 1),
            await pay_in(tx, 999),
            await tx.run("INSERT INTO payments (account_id, no) VALUES (:id, :no)", id=1, no=1),
            await tx.run("INSERT INTO payments (account_id, no) SELECT 1, 1 WHERE 1 = 0"),
            await tx.run("CREATE TABLE notes (id BIGINT)"),
        ]

    assert await bank.write(count) == [1, 0, 1, 0, 0]


async def test_many_items_are_written_by_one_call(bank: Database) -> None:
    items: list[dict[str, Value]] = [{"no": no, "unused": "x"} for no in range(500)]

    async def pay(tx: Transaction) -> int:
        await tx.many("INSERT INTO payments (account_id, no) VALUES (1, :no)", items)
        await tx.many("INSERT INTO payments (account_id, no) VALUES (1, :no)", [])
        return len(await tx.scan("SELECT no FROM payments"))

    assert await bank.write(pay) == 500


async def test_a_body_sees_its_own_changes_and_others_see_them_only_committed(
    bank: Database,
) -> None:
    async def change(tx: Transaction, seen: list[object]) -> None:
        await pay_in(tx, 1, 7)
        row = await tx.row("SELECT balance FROM accounts WHERE id = 1")
        assert row is not None
        seen.append(row["balance"])
        raise LookupError

    seen: list[object] = []
    with pytest.raises(LookupError):
        await bank.write(change, seen)

    assert seen == [7]
    assert await balance_of(bank, 1) == 0


async def test_a_body_that_fails_leaves_its_neighbours_standing(bank: Database) -> None:
    async def open_twice(tx: Transaction, name: str) -> int:
        await open_account(tx, f"{name}'s other name")
        return await open_account(tx, name)

    names = [f"user {i}" for i in range(40)]
    outcomes = await asyncio.gather(
        *(bank.write(open_twice, name if i % 4 else "alice") for i, name in enumerate(names)),
        return_exceptions=True,
    )

    broken = [o.name for o in outcomes if isinstance(o, ConstraintBroken)]
    assert broken == ["a_name_is_taken_once"] * 10
    assert len({o for o in outcomes if isinstance(o, int)}) == 30
    assert len(await names_in(bank)) == 1 + 2 * 30


async def test_a_thousand_changes_at_once_are_all_counted(bank: Database) -> None:
    changed = await asyncio.gather(*(bank.write(pay_in, 1) for _ in range(1_000)))

    assert sum(changed) == 1_000
    assert await balance_of(bank, 1) == 1_000


async def insert(tx: Transaction, no: int | None, reference: str | None = None) -> None:
    await tx.run(
        "INSERT INTO payments (account_id, no, reference) VALUES (1, :no, :reference)",
        no=no,
        reference=reference,
    )


async def delete(tx: Transaction) -> None:
    await tx.run("DELETE FROM payments")


async def wear(tx: Transaction) -> None:
    await tx.run("INSERT INTO accounts (name, balance, badge) VALUES ('bob', 0, 'star')")
    await tx.run("UPDATE accounts SET badge = 'star' WHERE name = 'alice'")


async def take_id(tx: Transaction) -> None:
    await tx.run("INSERT INTO accounts (id, name, balance) VALUES (1, 'bob', 0)")


@pytest.mark.parametrize(
    ("body", "args", "name"),
    [
        (open_account, ("alice",), "a_name_is_taken_once"),
        (pay_in, (1, -1), "a_balance_is_never_negative"),
        (wear, (), "a_badge_is_worn_by_one"),
        (take_id, (), "accounts_pkey"),
        (insert, (1,), "payments_pkey"),
        (insert, (2, "ABC"), "a_reference_has_one_spelling"),
        (insert, (None,), "payments.no"),
        (delete, (), "payments_are_kept"),
    ],
)
async def test_a_broken_promise_has_the_same_name_on_both_engines(
    bank: Database,
    body: Callable[..., Coroutine[Any, Any, object]],
    args: tuple[object, ...],
    name: str,
) -> None:
    await bank.write(insert, 1, "abc")

    with pytest.raises(ConstraintBroken) as broken:
        await bank.write(body, *args)

    assert broken.value.name == name


async def test_a_uniqueness_of_two_columns_is_told_from_that_of_one(bank: Database) -> None:
    async def drop_and_insert(tx: Transaction) -> None:
        await tx.run("DROP INDEX a_reference_has_one_spelling")
        await insert(tx, 1, "abc")
        await insert(tx, 2, "abc")

    with pytest.raises(ConstraintBroken, match="a_reference_is_used_once_by_each"):
        await bank.write(drop_and_insert)


async def test_a_statement_that_fails_ends_the_transaction_whatever_the_body_does(
    bank: Database,
) -> None:
    async def carry_on(tx: Transaction) -> None:
        await open_account(tx, "bob")
        with pytest.raises(ConstraintBroken):
            await open_account(tx, "alice")
        with pytest.raises(ConstraintBroken):
            await open_account(tx, "charlie")

    with pytest.raises(ConstraintBroken, match="a_name_is_taken_once"):
        await bank.write(carry_on)

    assert await names_in(bank) == {"alice"}


async def add_account(tx: Transaction, name: str) -> None:
    await tx.add("INSERT INTO accounts (name, balance) VALUES (:name, 0)", name=name)


async def test_what_is_added_is_there_for_whatever_looks_at_it(bank: Database) -> None:
    async def add(tx: Transaction) -> list[str]:
        await add_account(tx, "bob")
        await tx.add("INSERT INTO payments (account_id, no) VALUES (1, :no)", no=7)
        found = [name for (name,) in await tx.rows("SELECT name FROM accounts ORDER BY name")]
        await add_account(tx, "carol")
        assert await tx.run("UPDATE accounts SET balance = 5 WHERE name IN ('bob', 'carol')") == 2
        await add_account(tx, "dave")
        assert await tx.run("UPDATE payments SET note = '' WHERE no = :no", no=7) == 1
        await add_account(tx, "erin")
        return found

    assert await bank.write(add) == ["alice", "bob"]
    assert await names_in(bank) == {"alice", "bob", "carol", "dave", "erin"}


async def test_a_promise_that_is_broken_by_what_is_added_undoes_all(bank: Database) -> None:
    async def add(tx: Transaction) -> None:
        await add_account(tx, "bob")
        await add_account(tx, "alice")

    with pytest.raises(ConstraintBroken, match="a_name_is_taken_once"):
        await bank.write(add)

    assert await names_in(bank) == {"alice"}


async def test_a_body_may_answer_a_broken_promise_with_an_error_of_its_own(bank: Database) -> None:
    async def open_politely(tx: Transaction) -> None:
        try:
            await open_account(tx, "alice")
        except ConstraintBroken as broken:
            raise LookupError("please take another name") from broken

    with pytest.raises(LookupError, match="another name"):
        await bank.write(open_politely)


async def sleep(_: Transaction) -> None:
    await asyncio.sleep(0)


async def wait_long(tx: Transaction) -> None:
    await pay_in(tx, 1)
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("body", [sleep, wait_long])
async def test_a_body_that_waits_for_something_else_is_refused_by_name(
    bank: Database, body: Callable[[Transaction], Coroutine[Any, Any, None]]
) -> None:
    with pytest.raises(BodyWaited, match=body.__name__):
        await bank.write(body)

    assert await balance_of(bank, 1) == 0


async def test_a_body_has_to_use_its_own_transaction(bank: Database) -> None:
    async def write(_: Transaction) -> None:
        await bank.write(pay_in, 1)

    async def look(_: Transaction) -> None:
        await balance_of(bank, 1)

    async def scan(_: Transaction) -> None:
        await bank.reader.scan("SELECT id FROM accounts")

    for body in (write, look, scan):
        with pytest.raises(BodyWaited, match="called inside a transaction"):
            await bank.write(body)

    assert await balance_of(bank, 1) == 0


async def test_a_transaction_is_over_when_its_body_is(bank: Database) -> None:
    async def leave_behind(tx: Transaction) -> asyncio.Task[int]:
        return asyncio.create_task(pay_in(tx, 1))

    task = await bank.write(leave_behind)

    with pytest.raises(BodyWaited, match="over"):
        await task


async def test_everybody_can_tell_that_a_transaction_is_open(bank: Database) -> None:
    async def look(tx: Transaction) -> bool:
        tx.touch(17)
        return in_transaction.get()

    seen: list[bool] = []

    with bank.changes.heard_by(lambda _: seen.append(in_transaction.get())):
        assert await bank.write(look)
    assert [*seen, in_transaction.get()] == [False, False]


async def test_a_body_knows_whose_request_it_serves(bank: Database) -> None:
    async def look(tx: Transaction) -> str:
        del tx
        return request_id.get()

    request_id.set("r-1")

    assert await bank.write(look) == "r-1"


async def test_what_follows_a_commit_happens_before_the_caller_goes_on(bank: Database) -> None:
    async def pay(tx: Transaction, *, fail: bool) -> None:
        tx.touch(17)
        await pay_in(tx, 1)
        if fail:
            raise LookupError

    heard: list[object] = []
    with bank.changes.heard_by(heard.append):
        with pytest.raises(LookupError):
            await bank.write(pay, fail=True)
        await bank.write(pay, fail=False)

    assert heard == [17]


async def test_a_caller_who_leaves_cuts_nothing_in_half(bank: Database) -> None:
    async def pay_both(tx: Transaction) -> None:
        await pay_in(tx, 1)
        await pay_in(tx, bob)

    bob = await bank.write(open_account, "bob")
    callers = [asyncio.create_task(bank.write(pay_both)) for _ in range(60)]
    for caller in callers[::3]:
        caller.cancel()
    await asyncio.sleep(0)
    for caller in callers[1::3]:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)

    await bank.write(pay_both)
    assert await balance_of(bank, 1) == await balance_of(bank, bob)
    assert (await balance_of(bank, bob) or 0) >= 21


@pytest.mark.parametrize("name", ["bob", "alice"])
async def test_a_body_that_has_begun_ends_though_its_caller_left(bank: Database, name: str) -> None:
    async def open_alone(tx: Transaction) -> None:
        tx.touch(17)
        caller.cancel()
        await open_account(tx, name)

    heard: list[object] = []
    caller = asyncio.create_task(bank.write(open_alone))
    with bank.changes.heard_by(heard.append):
        with pytest.raises(asyncio.CancelledError):
            await caller

        await bank.write(open_account, "charlie")  # on SQLite after the other: we need not wait
        await bank.close()
    assert heard == [17] * (name == "bob")


async def test_a_long_scan_stops_when_its_caller_has_waited_enough(bank: Database) -> None:
    forever = """
        WITH RECURSIVE numbers (n) AS (
            SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n > 0
        )
        SELECT n FROM numbers WHERE n < 0
    """
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await bank.reader.scan(forever)

    async with asyncio.timeout(5):
        assert len(await bank.reader.scan("SELECT id FROM accounts")) == 1


async def test_a_mistake_in_a_statement_is_no_trouble_of_the_database(bank: Database) -> None:
    async def misspell(tx: Transaction) -> None:
        await tx.run("UPDATE acounts SET balance = 1")

    for asked in (
        bank.write(misspell),
        bank.reader.row("SELECT id FROM acounts"),
        bank.reader.rows("SELECT id FROM acounts"),
        bank.reader.scan("SELECT id FROM acounts"),
    ):
        with pytest.raises(Exception, match="acounts") as mistake:
            await asked
        assert not isinstance(mistake.value, StoreError)


async def test_a_value_of_the_wrong_type_is_a_mistake_too(bank: Database) -> None:
    async def confuse(tx: Transaction) -> None:
        await tx.run("UPDATE accounts SET balance = :balance", balance="much")

    with pytest.raises(Exception, match=r"TEXT value|expected int|str") as mistake:
        await bank.write(confuse)

    assert not isinstance(mistake.value, StoreError)


async def test_a_closed_database_is_away(empty_url: str) -> None:
    async def nothing(_: Transaction) -> None:
        pass

    async with await Database.open(empty_url) as db:
        waiting = asyncio.create_task(db.write(nothing))
        await asyncio.sleep(0)

    await waiting
    await db.close()  # once more does no harm
    with pytest.raises(DatabaseAway):
        await db.write(nothing)
    with pytest.raises(DatabaseAway):
        await db.reader.row("SELECT 1")


async def test_the_clock_of_the_database_is_measured(bank: Database) -> None:
    assert await bank.measure_offset() == bank.offset
    assert abs(bank.offset) < 1_000


async def test_a_machine_with_a_wrong_clock_has_the_time_of_the_server(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.database() as name:
        url = postgres_server.url(name)
        late, early = SystemClock(-30 * SECOND), SystemClock(30 * SECOND)
        async with await Database.open(url, machine=late) as one:
            async with await Database.open(url, machine=early) as other:
                apart = other.clock.now() - one.clock.now()
            before = one.clock.now()
            late.skew = HOUR
            moved = one.clock.now() - before
            await one.measure_offset()
            mended = one.clock.now() - before

    assert abs(apart) < SECOND
    assert moved > HOUR
    assert abs(mended) < 5 * SECOND


async def test_a_database_tells_its_kind_and_place_without_secrets(bank: Database) -> None:
    assert bank.engine in bank.where or bank.where.startswith("/")
    assert "host=" not in bank.where
    assert "@" not in bank.where
