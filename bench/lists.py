"""
How long the task lists take in a database of millions: pages, totals, filters, words, an export.

The tables are filled directly, a year of tasks of a hundred users, one of whom has a fifth of them;
counts and words as the gateway itself would have written them. The process under test only answers.
Times are those of whole answers with their totals; the baseline is the state of set-up, which asks
the database two small questions.
"""

import argparse
import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import asyncpg
import uvloop
from bench.load import Tally, ask
from bench.world import Server, World, gateway, instant, process, world

from mjgate.domain import day, took
from mjgate.domain.account import Role
from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.buttons import Button
from mjgate.domain.clock import DAY, SystemClock
from mjgate.domain.search import indexed, owner
from mjgate.domain.task import Result, State, Task
from mjgate.home import load_keys, open_store
from mjgate.manage import Desk
from mjgate.manage.tuning import set_setting
from mjgate.manage.users import NewUser, create_user
from mjgate.store.columns import columns
from mjgate.store.tally import ALWAYS, EVERYBODY

YEAR: Final = 365 * DAY
CHUNK: Final = 20_000
KEPT: Final = 500
PRICE: Final = 50_000
SHARE: Final = 0.2
REQUESTS: Final = 200
CONNECTIONS: Final = 2

WORDS: Final = [f"{a}{b}" for a in "bdfgklmnprstvw" for b in ("ax", "ell", "in", "orn", "ush")]
COMMON: Final = ("fox", "snow", "red", "city", "红狐", "雪地")
RARE: Final = "zanzibar"

Line = tuple[Any, ...]


@dataclass(frozen=True)
class Filled:
    """What there is to ask for."""

    access: str
    user_id: int
    ids: Sequence[int]
    began: int


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
                self.times[user, began, *what, bucket] += 1

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


def fill_sqlite(url: str, total: int, user_id: int) -> list[int]:
    """Fill the file; ids of some of the tasks come back. Indexes are made at the end."""
    file = sqlite3.connect(url.removeprefix("sqlite:///"))
    for pragma in ("synchronous = OFF", "cache_size = -2000000", "locking_mode = EXCLUSIVE"):
        file.execute(f"PRAGMA {pragma}")
    indexes = file.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tasks'"
        " AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        file.execute(f"DROP INDEX {name}")
    counts, kept = Counts(), list[int]()
    for tasks, words in chunks(made(total, user_id, counts)):
        _into(file, "tasks", tuple(template()), tasks)
        _into(file, "search", ("rowid", "words"), words)
        kept += [task_id for task_id, _ in words[::KEPT]]
        file.commit()
    for table, names, rows in counts.tables():
        _into(file, table, names, rows)
    for _, statement in indexes:
        file.execute(statement)
    file.commit()
    file.close()
    return kept


def _into(file: sqlite3.Connection, table: str, names: Sequence[str], rows: list[Line]) -> None:
    marks = ", ".join("?" * len(names))
    file.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)  # noqa: S608  of our names


async def fill_postgres(url: str, total: int, user_id: int) -> list[int]:
    """The same on a server, which looks over its tables afterwards as it does by itself."""
    connection = await asyncpg.connect(url)
    indexes = await connection.fetch(
        "SELECT indexname AS name, indexdef AS made FROM pg_indexes"
        " WHERE tablename IN ('tasks', 'search') AND indexname NOT LIKE '%pkey'"
    )
    for each in indexes:
        await connection.execute(f"DROP INDEX {each['name']}")
    counts, kept = Counts(), list[int]()
    for tasks, words in chunks(made(total, user_id, counts)):
        await connection.copy_records_to_table("tasks", records=tasks, columns=tuple(template()))
        await connection.copy_records_to_table("search", records=words, columns=("rowid", "words"))
        kept += [task_id for task_id, _ in words[::KEPT]]
    for table, names, rows in counts.tables():
        await connection.copy_records_to_table(table, records=rows, columns=names)
    for each in indexes:
        await connection.execute(each["made"])
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return kept


async def filled(made_world: World, total: int) -> Filled:
    """An admin who asks, and what he has to look at."""
    config = made_world.config
    store = await open_store(config, must_exist=True)
    desk = Desk(store=store, keys=load_keys(config), clock=SystemClock(), actor="bench")
    for name in ("lists_per_second", "exports_per_minute"):
        await set_setting(desk, name, 0)
    admin = await create_user(desk, NewUser(username="root", role=Role.ADMIN))
    row = await store.reader.row("SELECT id FROM users WHERE username = 'root'")
    await store.close()
    assert row is not None
    if config.database_url.startswith("sqlite"):
        ids = fill_sqlite(config.database_url, total, row["id"])
    else:
        ids = await fill_postgres(config.database_url, total, row["id"])
    return Filled(admin.access_token, row["id"], ids, ids[0] // 1_000_000)


def request(path: str, access: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {access}\r\n\r\n"
    ).encode()


def asked(there: Filled) -> Mapping[str, Sequence[str]]:
    """What is asked for, in words, and how it is asked."""
    rng = random.Random(1)
    cursors = rng.sample(there.ids, min(50, len(there.ids)))
    date = day.begin((there.began + 200 * DAY // 1_000) * 1_000, day.UTC) // 1_000
    return {
        "own, first page": ["/api/mj/self"],
        "own, deep cursor": [f"/api/mj/self?cursor={each}" for each in cursors],
        "own, page 500": ["/api/mj/self?p=500"],
        "own, failures": ["/api/mj/self?status=FAILURE"],
        "own, running": ["/api/mj/self?status=IN_PROGRESS"],
        "own, of an action and mode": ["/api/mj/self?action=VIDEO&mode=RELAX"],
        "own, of a day": [f"/api/mj/self?start_timestamp={date}&end_timestamp={date + 86_399}"],
        "own, of some hours": [
            f"/api/mj/self?start_timestamp={date + 99}&end_timestamp={date + 9999}"
        ],
        "own, a rare word": [f"/api/mj/self?q={RARE}"],
        "own, a common word": ["/api/mj/self?q=fox"],
        "own, sums": ["/api/mj/self?sums=1"],
        "all, first page": ["/api/mj/"],
        "all, deep cursor": [f"/api/mj/?cursor={each}" for each in cursors],
        "all, running": ["/api/mj/?status=IN_PROGRESS"],
        "all, failures": ["/api/mj/?status=FAILURE"],
        "all, of a channel": ["/api/mj/?channel_id=3"],
        "all, of a channel, deep": [f"/api/mj/?channel_id=3&cursor={each}" for each in cursors],
        "all, of a user": ["/api/mj/?user_id=1005"],
        "all, of an action": ["/api/mj/?action=VIDEO&status=SUCCESS"],
        "all, of some hours": [f"/api/mj/?start_timestamp={date + 99}&end_timestamp={date + 9999}"],
        "all, a rare word": [f"/api/mj/?q={RARE}"],
        "all, statistics by day": ["/api/stats/?by=day"],
        "all, statistics by user": ["/api/stats/?by=user"],
    }


async def exported(server: Server, there: Filled, most: int) -> tuple[int, float, int, int]:
    """Lines and seconds of an export, and the resident bytes before it and at their highest."""
    count = len(there.ids) * KEPT
    cut = there.ids[max(len(there.ids) - most // KEPT, 0)] // 1_000_000
    path = "/api/mj/export" + (f"?start_timestamp={cut}" if count > most else "")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request(path, there.access).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    before = highest = server.memory()
    began, found = time.perf_counter(), 0
    while piece := await reader.read(1 << 20):
        found += piece.count(b"mj/image/") + piece.count(b",upstream_failed")
        highest = max(highest, server.memory())
    writer.close()
    return found, time.perf_counter() - began, before, highest


async def measure(engine: str, total: int, most: int) -> None:
    with process(instant) as upstream:
        async with world(engine, upstream.port) as made_world:
            began = time.perf_counter()
            there = await filled(made_world, total)
            print(f"\n{engine}: {total:,} tasks, filled in {time.perf_counter() - began:.0f} s\n")
            config = replace(made_world.config, no_workers=True)
            with process(gateway, config) as server:
                await _pages(server, there)
                found, seconds, before, highest = await exported(server, there, most)
                print(
                    f"\nExport: {found:,} rows in {seconds:.0f} s, {found / seconds:,.0f} a second;"
                    f" {before >> 20} MiB resident before, {highest >> 20} at most"
                )


async def _pages(server: Server, there: Filled) -> None:
    async def times(paths: Sequence[str], good: bytes = b'"success":true') -> Tally:
        orders = [request(path, there.access) for path in paths]
        found = await ask(
            server.port,
            lambda number: orders[number % len(orders)],
            REQUESTS,
            connections=CONNECTIONS,
            good=good,
        )
        assert not found.failed, (paths[0], found.first_failure)
        return found

    base = await times(["/api/status"])
    print("| asked | median ms | p95 ms | p95 / baseline |")
    print("|---|--:|--:|--:|")
    for name, paths in {"baseline": ["/api/status"], **asked(there)}.items():
        found = await times(paths)
        median, p95 = found.percentile(0.5) * 1_000, found.percentile(0.95) * 1_000
        ratio = found.percentile(0.95) / base.percentile(0.95)
        print(f"| {name} | {median:.1f} | {p95:.1f} | {ratio:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200_000)
    parser.add_argument("--export", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    given, _ = parser.parse_known_args()
    for engine in [given.engine] if given.engine else ["sqlite", "postgresql"]:
        uvloop.run(measure(engine, given.tasks, given.export))


if __name__ == "__main__":
    main()
