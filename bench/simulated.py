"""
An upstream whose jobs carry their end in their id, so that it need remember nothing.

The path begins with the number of a channel; the channel that hangs answers submits only.
"""

import itertools
import json
import random
import re
import time
from multiprocessing.connection import Connection
from typing import Final

from bench import answering
from bench.answering import Answering

_IDS: Final = re.compile(rb'"(\d{13}-\d+)"')
_DONE: Final = (
    b'{"id":"%b","status":"SUCCESS","progress":"100%%","imageUrl":"http://127.0.0.1:9/x.png",'
    b'"buttons":[{"customId":"MJ::JOB::upsample::1::abc","label":"U1","emoji":"","style":2}]}'
)
_WORKING: Final = b'{"id":"%b","status":"IN_PROGRESS","progress":"%d%%"}'


def now() -> int:
    """Epoch milliseconds, as the gateway's clock has them."""
    return int(time.time() * 1_000)  # noqa: TID251  another program's clock


class _Simulated(Answering):
    """One connection to it."""

    numbers = itertools.count(1)
    calls = 0

    def __init__(self, least: int, most: int, hangs: int | None) -> None:
        super().__init__()
        self._least = least
        self._most = most
        self._hangs = f"/{hangs}/" if hangs is not None else None

    def answer(self, head: bytes, body: bytes) -> bytes | None:
        path = head.split(b" ", 2)[1].decode()
        if path == "/calls":
            return b"%d" % _Simulated.calls
        _Simulated.calls += 1
        if "/submit/" in path:
            ends = now() + random.randint(self._least, self._most)
            told = {"code": 1, "description": "ok", "result": f"{ends}-{next(self.numbers)}"}
            return json.dumps(told).encode()
        if self._hangs is not None and path.startswith(self._hangs):
            return None
        moment = now()
        return b"[%b]" % b",".join(_report(each, moment) for each in _IDS.findall(body))


def _report(job: bytes, moment: int) -> bytes:
    left = int(job[:13]) - moment
    if left <= 0:
        return _DONE % job
    return _WORKING % (job, max(90 - left // 6_000 * 10, 1))


def simulated(pipe: Connection, least: int, most: int, hangs: int | None) -> None:
    """Serve jobs that take so many milliseconds."""
    answering.serve(pipe, lambda: _Simulated(least, most, hangs))
