"""
Whatever the document allows, what comes back is what the document says.

Requests are made up from the document, and each answer is held against it: its status, its type
and its shape. None is a fault of ours, and none is HTML but the page for people.
"""

import asyncio
import json
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mjgate.web.openapi import document
from mjgate.web.openapi.words import Language
from tests.rig import Rig
from tests.served import listening
from tests.web.api.desk import an_admin
from tests.web.shape import one_engine

Operation = Any

schemathesis: Any = import_module("schemathesis")  # whose types are not those of its values
form: Any = import_module("schemathesis.specs.openapi.checks")

CHECKS = [
    schemathesis.checks.not_a_server_error,
    form.status_code_conformance,
    form.content_type_conformance,
    form.response_schema_conformance,
]
STREAMS = ("/mj/task/{id}/events", "/api/mj/events")
"""Have no end; what they send is looked at elsewhere."""

FEW = 2
CALM = [
    *(HealthCheck.too_slow, HealthCheck.filter_too_much),
    *(HealthCheck.data_too_large, HealthCheck.large_base_example),
]
"""What is made up may be large and take its time."""

LAST = ("/api/user/token",)
"""Takes away what the others come in with."""

DOCUMENT = json.loads(json.dumps(document(Language.EN, "http://gateway")))


def operations(*, all_of_them: bool) -> list[Operation]:
    """Those that end; where time is short, without the same submits in the other dialect."""
    every = [each.ok() for each in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
    left_out = STREAMS if all_of_them else (*STREAMS, "/api/mj/task/submit/")
    asked = [each for each in every if not each.path.startswith(left_out)]
    return sorted(asked, key=lambda each: each.path in LAST)


def ask(operation: Operation, base: str, known: dict[str, Any], most: int) -> None:
    """Make up requests for one operation, and hold each answer against the document."""
    headers = known["manager" if operation.path.startswith("/api/") else "key"]
    if operation.path.startswith("/api/mj/task/"):
        headers = known["key"]

    @given(case=operation.as_strategy(), real=st.booleans())
    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=CALM,
    )
    def made_up(case: Any, real: bool) -> None:  # noqa: ANN401, FBT001  what the library makes
        for name in {"id", "mj_id"} & set(case.path_parameters or {}):
            if real and operation.path.startswith(("/mj/task/", "/api/mj/")):
                case.path_parameters[name] = known["task"]
        answer = case.call(base_url=base, headers=headers)
        case.validate_response(answer, checks=CHECKS)
        kind = answer.headers["content-type"][0]
        assert "html" not in kind or operation.path == "/docs"

    made_up()


@one_engine
@pytest.mark.timeout(400)
@pytest.mark.parametrize("most", [FEW, pytest.param(15, marks=pytest.mark.slow)])
async def test_every_answer_is_as_the_document_says(rig: Rig, most: int) -> None:
    admin = await an_admin(rig)
    task = await rig.imagine()
    await rig.finished(task)
    await rig.set("dry_runs_per_second", value=0)
    known = {
        "key": {"mj-api-secret": rig.alice.key},
        "manager": admin.headers,
        "task": task,
    }

    wrong: list[str] = []
    async with listening(rig.app) as port:
        for operation in operations(all_of_them=most > FEW):
            base = f"http://127.0.0.1:{port}"
            try:
                await asyncio.to_thread(ask, operation, base, known, most)
            except Exception as error:  # noqa: BLE001  all that is wrong is told at once
                wrong.append(f"{operation.label}: {error}"[:2_000])

    assert wrong == [], "\n\n".join(wrong)
    assert await rig.books() == ()
