"""What the page says is not served yet is refused; once it is served, the page must say so."""

import re

import pytest

from tests.docs.pages import rows, section
from tests.rig import Rig

TABLE = section("docs/protocol.md", "## Not served yet")
ADDRESSES = re.findall(r"`(GET|POST) ([^`?]+)`", TABLE)
CODE_4 = [row[0] for row in rows(TABLE) if "`unsupported`" in row[1]]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
async def test_an_address_that_is_not_served_is_404(rig: Rig, method: str, path: str) -> None:
    path = path.replace("{id}", "1763712000123456")

    answer = await (rig.get(path) if method == "GET" else rig.post(path, {"prompt": "a red fox"}))

    assert answer.status_code == 404
    assert answer.json()["message"].startswith("There is nothing")


async def test_what_is_not_served_of_a_submit_is_unsupported(rig: Rig) -> None:
    asked = {
        "dryRun": ("submit/imagine?dryRun=1", {"prompt": "a red fox"}),
    }

    told = {name: case for name, case in asked.items() if any(name in row for row in CODE_4)}
    answers = [(await rig.post(f"/mj/{path}", body)).json() for path, body in told.values()]

    assert len(told) == len(CODE_4)
    assert [answer["properties"]["reason"] for answer in answers] == ["unsupported"] * len(told)
