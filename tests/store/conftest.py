"""
A small bank, for the tests of the databases themselves.

bank    an open database with `bank/0001_accounts.sql` and the account of alice (id 1, balance 0)
"""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from mjgate.store.database import Database, Transaction
from mjgate.store.migrate import migrate

BANK = Path(__file__).parent / "bank"


async def open_account(tx: Transaction, name: str, balance: int = 0) -> int:
    row = await tx.row(
        "INSERT INTO accounts (name, balance) VALUES (:name, :balance) RETURNING id",
        name=name,
        balance=balance,
    )
    assert row is not None
    account_id: int = row["id"]
    return account_id


async def pay_in(tx: Transaction, account_id: int, amount: int = 1) -> int:
    return await tx.run(
        "UPDATE accounts SET balance = balance + :amount WHERE id = :id",
        id=account_id,
        amount=amount,
    )


async def balance_of(db: Database, account_id: int) -> int | None:
    row = await db.reader.row("SELECT balance FROM accounts WHERE id = :id", id=account_id)
    return None if row is None else row["balance"]


async def names_in(db: Database) -> set[str]:
    return {name for (name,) in await db.reader.rows("SELECT name FROM accounts")}


@pytest.fixture
async def bank(empty_url: str) -> AsyncGenerator[Database]:
    async with await Database.open(empty_url) as db:
        await migrate(db, 0, source=BANK)
        assert await db.write(open_account, "alice") == 1
        yield db
