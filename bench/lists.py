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
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from mjgate.domain.task import Result, State, Task
from mjgate.home import load_keys, open_store
from mjgate.manage import Desk
from mjgate.manage.tuning import set_setting
from mjgate.manage.users import NewUser, create_user
from mjgate.store.columns import columns
from mjgate.store.tally import ALWAYS, EVERYBODY, words_of

YEAR: Final = 365 * DAY
CHUNK: Final = 20_000
REQUESTS: Final = 200
CONNECTIONS: Final = 2

WORDS: Final = [f"{a}{b}" for a in "bdfgklmnprstvw" for b in ("ax", "ell", "in", "orn", "ush")] * 1
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
        self.quotas: Counter[Line] = Counter()
        self.times: Counter[Line] = Counter()

    def add(self, task: Task) -> None:
        began = day.begin(task.id // 1_000, day.UTC)
        what = (task.channel_id or 0, task.action.value, task.mode.value)
        for user in (task.user_id, EVERYBODY):
            for when in (began, ALWAYS):
                self.counts[user, when, *what, "ACCEPTED"] += 1
                if task.state.final:
                    self.counts[user, when, *what, task.state.value] += 1
                    self.quotas[user, when, *what, task.state.value] += task.settled
            if task.state is State.SUCCESS:
                time_taken = (task.finish_at or 0) - task.submit_at
                self.times[user, began, *what, took.bucket(time_taken)] += 1


def made(total: int, user_id: int, counts: Counts) -> Iterator[Task]:
    """So many tasks, evenly over the year, the last thousand still running."""
    rng = random.Random(7)
    now = SystemClock().now()
    buttons = tuple(Button(f"MJ::JOB::upsample::{n}::hash", "", f"U{n}", 2) for n in range(1, 5))
    result = Result(image_url="https://cdn.example.com/a.png", buttons=buttons)
    actions = [Action.IMAGINE] * 17 + [Action.UPSCALE, Action.DESCRIBE, Action.VIDEO]
    modes = [Mode.FAST] * 8 + [Mode.RELAX, Mode.TURBO]
    states = [State.SUCCESS] * 94 + [State.FAILURE] * 5 + [State.CANCELLED]
    for number in range(total):
        at = now - YEAR + number * (YEAR - DAY) // total
        state = State.RUNNING if number >= total - 1_000 else rng.choice(states)
        words = [*rng.choices(WORDS, k=6), rng.choice(COMMON)]
        paid = state is State.SUCCESS
        task = Task(
            id=at * 1_000 + number % 1_000,
            job_uuid=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            user_id=user_id if rng.random() < 0.2 else 1_000 + rng.randrange(99),
            token_id=1,
            group_id=1,
            action=rng.choice(actions),
            bot=Bot.MID_JOURNEY,
            mode_wanted=None,
            mode=rng.choice(modes),
            parent_id=None,
            custom_id="",
            caller_state="",
            hook_url="",
            prompt=" ".join(words) + (f" {RARE}" if number % 10_000 == 0 else ""),
            price=50_000,
            price_version=0,
            request="{}",
            submit_at=at,
            state=state,
            version=4,
            progress=100 if state.final else 40,
            channel_id=1 + rng.randrange(5),
            credential_id=1,
            upstream_id=str(number),
            hold_no=1,
            hold_open=not state.final,
            result=result if paid else Result(),
            reason="" if paid or not state.final else "upstream_failed",
            start_at=at + 2_000,
            finish_at=at + rng.randrange(20_000, 90_000) if state.final else None,
            settled=50_000 if paid else 0,
        )
        counts.add(task)
        yield task


def chunks(tasks: Iterator[Task]) -> Iterator[list[Task]]:
    chunk: list[Task] = []
    for task in tasks:
        chunk.append(task)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


def tallies(counts: Counts) -> Iterator[tuple[str, tuple[str, ...], list[Line]]]:
    """The lines of the tables of counts."""
    names = ("user_id", "day", "channel_id", "action", "mode")
    yield (
        "tally",
        (*names, "outcome", "count", "quota"),
        [(*key, number, counts.quotas[key]) for key, number in counts.counts.items()],
    )
    yield (
        "tally_took",
        (*names, "bucket", "count"),
        [(*key, number) for key, number in counts.times.items()],
    )


def words(tasks: Sequence[Task]) -> list[Line]:
    return [(task.id, words_of(task.user_id, task.prompt)) for task in tasks]


def lines(tasks: Sequence[Task]) -> tuple[tuple[str, ...], list[Line]]:
    rows = [columns(task) for task in tasks]
    return tuple(rows[0]) if rows else (), [tuple(row.values()) for row in rows]


def fill_sqlite(url: str, total: int, user_id: int) -> list[int]:
    """Fill the file; ids of some of the tasks come back."""
    file = sqlite3.connect(url.removeprefix("sqlite:///"))
    for pragma in ("synchronous = OFF", "cache_size = -2000000", "locking_mode = EXCLUSIVE"):
        file.execute(f"PRAGMA {pragma}")
    counts, kept = Counts(), list[int]()
    for chunk in chunks(made(total, user_id, counts)):
        _into(file, "tasks", *lines(chunk))
        _into(file, "search", ("rowid", "words"), words(chunk))
        kept += [task.id for task in chunk[::500]]
        file.commit()
    for table, names, rows in tallies(counts):
        _into(file, table, names, rows)
    file.commit()
    file.close()
    return kept


def _into(file: sqlite3.Connection, table: str, names: Sequence[str], rows: list[Line]) -> None:
    if rows:
        marks = ", ".join("?" * len(names))
        file.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)  # noqa: S608


async def fill_postgres(url: str, total: int, user_id: int) -> list[int]:
    """The same on a server, which looks over its tables afterwards as it does by itself."""
    connection = await asyncpg.connect(url)
    counts, kept = Counts(), list[int]()
    for chunk in chunks(made(total, user_id, counts)):
        if chunk:
            names, rows = lines(chunk)
            await connection.copy_records_to_table("tasks", records=rows, columns=names)
            await connection.copy_records_to_table(
                "search", records=words(chunk), columns=("rowid", "words")
            )
            kept += [task.id for task in chunk[::500]]
    for table, names, rows in tallies(counts):
        await connection.copy_records_to_table(table, records=rows, columns=names)
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
    count = len(there.ids) * 500
    cut = there.ids[max(len(there.ids) - most // 500, 0)] // 1_000_000
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
