"""
A database of millions of tasks: a year of a hundred users, one of whom has a fifth of them.

The tables are filled directly, with counts and words as the gateway itself would have written them.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import asyncpg

from mjgate.config import Config
from mjgate.domain import took
from mjgate.domain.account import Role
from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.buttons import Button
from mjgate.domain.clock import DAY, SystemClock
from mjgate.domain.search import indexed, owner
from mjgate.domain.task import Result, State, Task
from mjgate.home import load_keys, open_store
from mjgate.manage import Desk
from mjgate.manage.own import rotate_access_token
from mjgate.manage.tuning import set_setting
from mjgate.manage.users import NewUser, create_user
from mjgate.store.columns import columns
from mjgate.store.database import Database
from mjgate.store.tally import ALL_TOGETHER, ALWAYS, EVERYBODY

YEAR: Final = 365 * DAY
CHUNK: Final = 20_000
SAMPLES: Final = 1_000
PRICE: Final = 50_000
SHARE: Final = 0.2

WORDS: Final = [f"{a}{b}" for a in "bdfgklmnprstvw" for b in ("ax", "ell", "in", "orn", "ush")]
COMMON: Final = ("fox", "snow", "red", "city", "红狐", "雪地")
RARE: Final = "zanzibar"

Line = tuple[Any, ...]


@dataclass(frozen=True)
class Filled:
    """What there is to ask for: who may, and ids at even distances, the oldest first."""

    access: str
    count: int
    ids: Sequence[int]


class Counts:
    """The tallies of what was filled in."""

    def __init__(self) -> None:
        self.counts: Counter[Line] = Counter()
        self.times: Counter[Line] = Counter()

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row for its user and for everybody, on its day and for ever."""
        began = row["submit_at"] // DAY * DAY
        what = (row["channel_id"], row["action"], row["mode"])
        for user in (row["user_id"], EVERYBODY):
            for when in (began, ALWAYS):
                self.counts[user, when, *what, "ACCEPTED"] += 1
                if row["finish_at"]:
                    self.counts[user, when, *what, row["state"]] += 1
        if row["settled"]:
            bucket = took.bucket(row["finish_at"] - row["submit_at"])
            for user in (row["user_id"], EVERYBODY):
                self.times[user, began, *what, bucket] += 1
            self.times[EVERYBODY, began, *ALL_TOGETHER, bucket] += 1

    def tables(self) -> Iterator[tuple[str, tuple[str, ...], list[Line]]]:
        """The lines of the tables of counts."""
        names = ("user_id", "day", "channel_id", "action", "mode")
        counts = [
            (*key, count, count * PRICE if key[-1] == "SUCCESS" else 0)
            for key, count in self.counts.items()
        ]
        yield "tally", (*names, "outcome", "count", "quota"), counts
        times = [(*key, count) for key, count in self.times.items()]
        yield "tally_took", (*names, "bucket", "count"), times


def template() -> dict[str, Any]:
    """A task that succeeded, as its columns."""
    buttons = tuple(Button(f"MJ::JOB::upsample::{n}::hash", "", f"U{n}", 2) for n in range(1, 5))
    return columns(
        Task(
            id=0, job_uuid="", user_id=0, token_id=1, group_id=1, action=Action.IMAGINE,
            bot=Bot.MID_JOURNEY, mode_wanted=None, mode=Mode.FAST, parent_id=None, custom_id="",
            caller_state="", hook_url="", prompt="", price=PRICE, price_version=0, request="{}",
            submit_at=0, state=State.SUCCESS, version=4, progress=100, credential_id=1, hold_no=1,
            result=Result(image_url="https://cdn.example.com/a.png", buttons=buttons),
        )
    )  # fmt: skip


def made(total: int, user_id: int, counts: Counts) -> Iterator[dict[str, Any]]:
    """So many rows, evenly over the year, the last thousand still running; with their words."""
    rng = random.Random(7)
    now, base = SystemClock().now(), template()
    prompts = [" ".join([*rng.choices(WORDS, k=6), rng.choice(COMMON)]) for _ in range(5_000)]
    prompts = [(prompt, " ".join(indexed(prompt))) for prompt in prompts]
    actions = ["IMAGINE"] * 17 + ["UPSCALE", "DESCRIBE", "VIDEO"]
    modes = ["FAST"] * 8 + ["RELAX", "TURBO"]
    states = ["SUCCESS"] * 94 + ["FAILURE"] * 5 + ["CANCELLED"]
    for number in range(total):
        at = now - YEAR + number * (YEAR - DAY) // total
        state = "RUNNING" if number >= total - 1_000 else rng.choice(states)
        prompt, words = rng.choice(prompts)
        rare = f" {RARE}" if number % 10_000 == 0 else ""
        paid, runs = state == "SUCCESS", state == "RUNNING"
        user = user_id if rng.random() < SHARE else 1_000 + rng.randrange(99)
        row = base | {
            "id": at * 1_000 + number % 1_000,
            "job_uuid": f"{rng.getrandbits(128):032x}",
            "user_id": user,
            "action": rng.choice(actions),
            "mode": rng.choice(modes),
            "prompt": prompt + rare,
            "submit_at": at,
            "state": state,
            "progress": 40 if runs else 100,
            "channel_id": 1 + rng.randrange(5),
            "upstream_id": str(number),
            "hold_open": int(runs),
            "result": base["result"] if paid else "{}",
            "reason": "" if paid or runs else "upstream_failed",
            "start_at": at + 2_000,
            "finish_at": None if runs else at + rng.randrange(20_000, 90_000),
            "settled": PRICE if paid else 0,
        }
        counts.add(row)
        row["words"] = f"{owner(user)} {words}{rare}"
        yield row


def chunks(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[list[Line], list[Line]]]:
    """Lines of tasks and of their words, in handy parts."""
    while part := list(islice(rows, CHUNK)):
        words = [(row["id"], row.pop("words")) for row in part]
        yield [tuple(row.values()) for row in part], words


def fill_sqlite(url: str, total: int, user_id: int) -> None:
    """Fill the file. Indexes are made at the end."""
    file = sqlite3.connect(url.removeprefix("sqlite:///"))
    for pragma in ("synchronous = OFF", "cache_size = -1000000", "locking_mode = EXCLUSIVE"):
        file.execute(f"PRAGMA {pragma}")
    indexes = file.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tasks'"
        " AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        file.execute(f"DROP INDEX {name}")
    counts = Counts()
    for tasks, words in chunks(made(total, user_id, counts)):
        _into(file, "tasks", tuple(template()), tasks)
        _into(file, "search", ("rowid", "words"), words)
        file.commit()
    for table, names, rows in counts.tables():
        _into(file, table, names, rows)
    for _, statement in indexes:
        file.execute(statement)
    file.commit()
    file.close()


def _into(file: sqlite3.Connection, table: str, names: Sequence[str], rows: list[Line]) -> None:
    marks = ", ".join("?" * len(names))
    file.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)  # noqa: S608  of our names


async def fill_postgres(url: str, total: int, user_id: int) -> None:
    """The same on a server, which looks over its tables afterwards as it does by itself."""
    connection = await asyncpg.connect(url)
    indexes = await connection.fetch(
        "SELECT indexname AS name, indexdef AS made FROM pg_indexes"
        " WHERE tablename IN ('tasks', 'search') AND indexname NOT LIKE '%pkey'"
    )
    for each in indexes:
        await connection.execute(f"DROP INDEX {each['name']}")
    counts = Counts()
    for tasks, words in chunks(made(total, user_id, counts)):
        await connection.copy_records_to_table("tasks", records=tasks, columns=tuple(template()))
        await connection.copy_records_to_table("search", records=words, columns=("rowid", "words"))
    for table, names, rows in counts.tables():
        await connection.copy_records_to_table(table, records=rows, columns=names)
    for each in indexes:
        await connection.execute(each["made"])
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def filled(config: Config, total: int) -> Filled:
    """An admin who asks, and what he has to look at: `total` tasks, or those there already."""
    store = await open_store(config, must_exist=False)
    root = await store.reader.row("SELECT id FROM users WHERE username = 'root'")
    if root is None:
        desk = _desk(config, store)
        for name in ("lists_per_second", "exports_per_minute"):
            await set_setting(desk, name, 0)
        await create_user(desk, NewUser(username="root", role=Role.ADMIN))
        root = await store.reader.row("SELECT id FROM users WHERE username = 'root'")
    assert root is not None
    empty = await store.reader.row("SELECT id FROM tasks LIMIT 1") is None
    await store.close()
    if empty and config.database_url.startswith("sqlite"):
        fill_sqlite(config.database_url, total, root["id"])
    elif empty:
        await fill_postgres(config.database_url, total, root["id"])
    return await _there(config, root["id"])


async def _there(config: Config, user_id: int) -> Filled:
    store = await open_store(config, must_exist=True)
    access = await rotate_access_token(_desk(config, store), user_id, until=None)
    count = await store.reader.row(
        "SELECT SUM(count) AS n FROM tally WHERE user_id = 0 AND day = 0 AND outcome = 'ACCEPTED'"
    )
    assert count is not None
    ids = await _evenly(store)
    await store.close()
    return Filled(access, count["n"], ids)


def _desk(config: Config, store: Database) -> Desk:
    return Desk(store=store, keys=load_keys(config), clock=SystemClock(), actor="bench")


async def _evenly(store: Database) -> list[int]:
    """Ids of tasks at even distances; the tasks themselves lie evenly over their time."""
    ends = await store.reader.row(
        "SELECT (SELECT MIN(id) FROM tasks) AS low, (SELECT MAX(id) FROM tasks) AS high"
    )
    assert ends is not None
    low, high = ends["low"], ends["high"]
    found: list[int] = []
    for number in range(SAMPLES):
        row = await store.reader.row(
            "SELECT MIN(id) AS id FROM tasks WHERE id >= :id",
            id=low + (high - low) * number // SAMPLES,
        )
        assert row is not None
        found.append(row["id"])
    return found
