"""
What servers of this format do to those who ask them, each in a row, through the whole gateway.

All of them are asked at once, each by a channel of its own: what one does is no other's trouble.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mjgate.domain.clock import HOUR, SECOND
from mjgate.store import channels
from tests.lifecycle.talker import Asked, Talker, says, takes, talking
from tests.rig import PRICE, RICH, START, Json, MakeRig, Rig, a_channel

PICTURE = "http://pictures.test/fox.png"
BUTTONS = [{"customId": "MJ::JOB::upsample::1::abc", "label": "U1", "emoji": "", "style": 2}]
HTML = b"<html><body>502 Bad Gateway</body></html>"
DONE: Final[Json] = {
    "status": "SUCCESS",
    "progress": "100%",
    "imageUrl": PICTURE,
    "buttons": BUTTONS,
}
FAILED: Final[Json] = {"status": "FAILURE", "progress": "100%"}
HALF: Final[Json] = {"status": "IN_PROGRESS", "progress": "50%"}

SUCCESS = ("SUCCESS", None)
LATE = ("FAILURE", "deadline_no_progress")
BROKE = ("FAILURE", "upstream_failed")
LOST = ("FAILURE", "orphan")

Looks = Callable[[Asked, int], bytes | None]
"""The answer to the nth look, from 1; None to hang up."""


@dataclass(frozen=True)
class Row:
    """What it answers to the submit, and to looks; how the task ends."""

    looks: Looks
    ends: tuple[str, str | None]
    submit: bytes | None = None


def always(answer: bytes | None) -> Looks:
    """The same to every look."""
    return lambda _asked, _n: answer


def shows(*reports: Json) -> Looks:
    """These reports of the job in turn, the last for ever, in lists and alone."""

    def answer(asked: Asked, n: int) -> bytes:
        report = {"id": "job-1", **reports[min(n, len(reports)) - 1]}
        return says(report if asked.method == "GET" else [report])

    return answer


def listed(*tasks: Json) -> Looks:
    """A list of tasks, whatever was asked for; alone nothing is known."""
    missing = says({"code": 4, "description": "no such task"}, "404 Not Found")
    return lambda asked, _n: missing if asked.method == "GET" else says(list(tasks))


def alone(answer: bytes) -> Looks:
    """Left out of every list."""
    return lambda asked, _n: answer if asked.method == "GET" else says([])


def zipped(body: object) -> bytes:
    data = gzip.compress(json.dumps(body).encode())
    return says(data, headers={"Content-Encoding": "gzip"})


def long(body: object, size: int) -> bytes:
    """The same with blanks before it."""
    return says(b" " * size + json.dumps(body).encode())


OURS: Final[Json] = {"id": "job-1", **DONE}
ENDLESS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n["
)
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100000\r\n%b\r\n" % (
    b" " * (1 << 20)
) * 20  # fmt: skip
AWAY = says({}, "302 Found", {"Location": "http://127.0.0.1:9/latest/meta-data"})
LATER = START + HOUR

LOOKS: Final[Mapping[str, Row]] = {
    "500 for ever": Row(always(says({"message": "oops"}, "500 Internal Server Error")), LATE),
    "HTML for ever": Row(always(says(HTML, kind="text/html")), LATE),
    "hangs up for ever": Row(always(None), LATE),
    "JSON that is no task": Row(always(says({"code": 4, "description": "?"})), LATE),
    "a text for a list": Row(always(says("nothing")), LATE),
    "is sent elsewhere": Row(always(AWAY), LATE),
    "forgets the job": Row(listed(), LATE),
    "lists without it, fetches with it": Row(alone(says(OURS)), SUCCESS),
    "204 to a fetch": Row(alone(b"HTTP/1.1 204 No Content\r\n\r\n"), LATE),
    "others' tasks": Row(listed({"id": "job-2", **FAILED}, {"id": "", **FAILED}, OURS), SUCCESS),
    "only others' tasks": Row(listed({"id": "job-2", **DONE}), LATE),
    "the job twice": Row(listed({"id": "job-1", **HALF}, OURS, {"id": "job-1", **HALF}), SUCCESS),
    "one task for a list": Row(always(says(OURS)), SUCCESS),
    "odd things in the list": Row(listed(None, 7, "x", [], {}, OURS), SUCCESS),
    "times of zero": Row(shows(DONE | {"submitTime": 0, "startTime": 0, "finishTime": 0}), SUCCESS),
    "a clock an hour ahead": Row(
        shows(DONE | {"submitTime": LATER, "startTime": LATER, "finishTime": LATER}), SUCCESS
    ),
    "an hour ahead, and never done": Row(shows(HALF | {"submitTime": LATER}), LATE),
    "progress backwards": Row(
        shows(*(HALF | {"progress": f"{n}%"} for n in (60, 20, 90, 5)), DONE), SUCCESS
    ),
    "progress that is none": Row(shows(HALF | {"progress": "soon"}, DONE), SUCCESS),
    "SUCCESS at 99%": Row(shows(DONE | {"progress": "99%"}), SUCCESS),
    "SUCCESS without progress": Row(shows(DONE | {"progress": ""}), SUCCESS),
    "SUCCESS, the picture later": Row(
        shows(DONE | {"imageUrl": ""}, DONE | {"imageUrl": None}, DONE), SUCCESS
    ),
    "SUCCESS without a picture": Row(shows(DONE | {"imageUrl": ""}), BROKE),
    "a draft while it runs, no picture at the end": Row(
        shows(HALF | {"imageUrl": PICTURE}, DONE | {"imageUrl": ""}), BROKE
    ),
    "99% for long, then no picture": Row(
        shows(HALF | {"progress": "99%"}, HALF | {"progress": "99%"}, DONE | {"imageUrl": ""}),
        BROKE,
    ),
    "FAILURE without a word": Row(shows({"status": "FAILURE", "progress": ""}), BROKE),
    "a NUL in the reason": Row(shows(FAILED | {"failReason": "bad\x00 thing"}), BROKE),
    "a surrogate in the reason": Row(shows(FAILED | {"failReason": "bad \ud800 thing"}), BROKE),
    "a control character as it is": Row(
        always(says(json.dumps([OURS | {"prompt": "a?fox"}]).replace("?", "\n\x01").encode())),
        SUCCESS,
    ),
    "bytes that are no text": Row(
        always(says(json.dumps([OURS | {"prompt": "a?fox"}]).encode().replace(b"?", b"\xff"))),
        SUCCESS,
    ),
    "null for everything": Row(
        shows({"status": None, "progress": None, "properties": None, "buttons": None}, DONE),
        SUCCESS,
    ),
    "buttons that are none": Row(shows(DONE | {"buttons": [None, {"customId": 7}]}), SUCCESS),
    "a gigabyte": Row(always(ENDLESS), LATE),
    "a body without end": Row(always(CHUNKS), LATE),
    "ten megabytes": Row(always(long([OURS], 10 << 20)), SUCCESS),
    "gzip": Row(always(zipped([OURS])), SUCCESS),
    "gzip that is none": Row(always(says(b"x", headers={"Content-Encoding": "gzip"})), LATE),
}

OK: Final[Json] = {"code": 1, "description": "ok"}
SUBMITS: Final[Mapping[str, Row]] = {
    "HTTP 201": Row(shows(DONE), SUCCESS, says(OK | {"result": "job-1"}, "201 Created")),
    "the code as text": Row(shows(DONE), SUCCESS, says({"code": "1", "result": "job-1"})),
    "no description, no properties": Row(
        shows(DONE), SUCCESS, says({"code": 1, "result": "job-1"})
    ),
    "the id as a number": Row(
        shows(DONE | {"id": 1763712000123456}), SUCCESS, takes(1763712000123456)
    ),
    "the id in a list": Row(shows(DONE), SUCCESS, takes(["job-1"])),
    "no id": Row(listed(), LOST, takes(None)),
    "a gigabyte for an answer": Row(listed(), LOST, ENDLESS),
}


@dataclass
class Zoo:
    """A server whose first path segment says how it behaves, and how often each was looked at."""

    rows: Mapping[str, Row]
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def answer(self, asked: Asked) -> bytes | None:
        """Behave as the row says."""
        number = asked.path.split("/")[1]
        row = list(self.rows.values())[int(number)]
        if asked.submit:
            return row.submit or takes()
        self.counts[number] = self.counts.get(number, 0) + 1
        return row.looks(asked, self.counts[number])


async def submitted(rig: Rig, talker: Talker, rows: Mapping[str, Row]) -> dict[str, str]:
    """A task on a channel of its own for each row: its id by the row's name."""
    ids: dict[str, str] = {}
    chosen: dict[str, str] = {}
    for number, name in enumerate(rows):
        channel_id = await a_channel(rig.gateway, f"zoo {number}", f"{talker.url}/{number}")
        channel = await channels.get(rig.gateway.store.reader, channel_id)
        assert channel is not None
        chosen[name] = channel.instance_id
    rig.clock.pass_by(2 * SECOND)
    for name, instance in chosen.items():
        ids[name] = await rig.imagine(name, accountFilter={"instanceId": instance})
    return ids


async def ends(rig: Rig, ids: Mapping[str, str]) -> dict[str, Json]:
    """What each task is in the end; on the way nothing that a client saw goes back."""
    seen: dict[str, int] = dict.fromkeys(ids, 0)
    timing = rig.gateway.timing
    pauses = [10 * SECOND] * 8 + [timing.no_picture, 10 * SECOND, timing.no_progress, 10 * SECOND]
    tasks: dict[str, Json] = {}
    for pause in pauses:
        await rig.look(after=pause)
        for name, task_id in ids.items():
            task = tasks[name] = await rig.fetch(task_id)
            progress = int(task["progress"].removesuffix("%"))
            assert progress >= seen[name], name
            assert (progress == 100) == (task["status"] in {"SUCCESS", "FAILURE"}), name
            seen[name] = progress
    return tasks


async def assert_as_in(rig: Rig, rows: Mapping[str, Row], tasks: Mapping[str, Json]) -> None:
    """Every task has ended as its row says, once, and the money is where it belongs."""
    ended = {
        name: (task["status"], task["properties"].get("reason")) for name, task in tasks.items()
    }
    assert ended == {name: row.ends for name, row in rows.items()}
    paid = sum(row.ends == SUCCESS for row in rows.values()) * PRICE
    assert await rig.balance() == (RICH - paid, 0, paid)
    assert await rig.books() == ()
    for task in tasks.values():
        assert START <= task["submitTime"] <= task["finishTime"] <= rig.clock.now()
        assert (task["failReason"] is None) == (task["status"] == "SUCCESS")
        assert task["failReason"] != ""
        assert "\x00" not in (task["failReason"] or "")


async def test_whatever_a_channel_answers_to_looks_the_task_ends_and_the_money_is_right(
    make_rig: MakeRig,
) -> None:
    async with talking(Zoo(LOOKS).answer) as talker:
        rig = await make_rig(upstream_url=talker.url)
        ids = await submitted(rig, talker, LOOKS)

        tasks = await ends(rig, ids)

        await assert_as_in(rig, LOOKS, tasks)
        assert len(talker.submits) == len(LOOKS)


async def test_whatever_a_channel_answers_to_a_submit_the_task_ends_and_the_money_is_right(
    make_rig: MakeRig,
) -> None:
    async with talking(Zoo(SUBMITS).answer) as talker:
        rig = await make_rig(upstream_url=talker.url)
        ids = await submitted(rig, talker, SUBMITS)

        tasks = await ends(rig, ids)

        await assert_as_in(rig, SUBMITS, tasks)
        assert len(talker.submits) == len(SUBMITS)
