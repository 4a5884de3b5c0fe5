"""Whatever an admin sends, what comes back says what was wrong with it, by its own name."""

import itertools
import re
from collections.abc import Iterator

import msgspec
import pytest

from mjgate.web.api import ROWS
from mjgate.web.api.rows import Row
from tests.rig import Rig
from tests.web.api.desk import Json, Manager

VALUES: list[Json] = [
    None, True, 5, -1, 10**30, -(10**30), 1.5, "", "x", "\u0000", "é" * 5_000, [], ["x"], [None],
    {}, {"a": 1}, {"FAST": {}}, {"IMAGINE": 10**40},
]  # fmt: skip
NUMBERS = ("p", "page_size", "cursor", "token_id", "mj_id", "user_id", "start_timestamp")
QUERIES = [f"{name}={'9' * digits}" for name in NUMBERS for digits in (1, 18, 30)] + [
    f"{name}={text}" for name in ("q", "act", "kind", "actor") for text in ("%00", "%25", "%F0%9F")
]
LEFT_OUT = {"/api/user/token", "/api/user/logout"}  # they end what asks
PARTS = {"id": 1, "mj_id": "1763712000000000", "name": "routing", "event": "evt_1_1_x",
         "credential": 99}  # fmt: skip


def bodies(row: Row) -> Iterator[Json]:
    members = msgspec.structs.fields(row.takes)
    needed = {each.encode_name: "abcdef" for each in members if each.required}
    for member, value in itertools.product(members, VALUES):
        yield {**needed, member.encode_name: value}


def names(row: Row, field: str | None) -> bool:
    """Whether a refusal names something that the row takes, in its body, its query or its path."""
    known = {*row.takes.__struct_fields__, *row.query, *re.findall(r"{(\w+)}", row.path)}
    return field is not None and re.split(r"[.\[]", field)[0] in known


@pytest.mark.slow
async def test_any_member_and_any_query_is_answered(rig: Rig, admin: Manager) -> None:
    failed: list[object] = []
    for row in ROWS:
        path = row.path.format(**PARTS)
        asked: list[tuple[str, Json]] = []
        if row.method in {"POST", "PUT"} and row.path not in LEFT_OUT:
            asked = [(path, body) for body in bodies(row)]
        elif row.method == "GET":
            asked = [(f"{path}?{query}", None) for query in QUERIES]
        for where, body in asked:
            answer = await admin.ask(row.method, where, body)
            told: Json = answer.json() if "json" in answer.headers["content-type"] else {}
            unnamed = answer.status_code in {400, 409} and not names(row, told["field"])
            if unnamed or (answer.status_code >= 500 and answer.status_code != 503):
                failed.append((row.method, where, str(body)[:80], told))

    assert failed == []
    assert await rig.books() == ()
