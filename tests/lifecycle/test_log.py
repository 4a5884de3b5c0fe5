"""What the log says of a task: enough to follow it, and nothing that is nobody's business."""

import io
import json
from typing import Any

from mjgate import telemetry
from tests.lifecycle.receiver import deliver, receiving, status
from tests.rig import MakeRig
from tests.web.shape import one_engine

Json = Any

PROMPT = "a heron nobody may read of"
PRIVATE = ("heron", "hush-query", "hush-user", "upstream-secret", "whsec_", "Bearer")


@one_engine
async def test_a_task_can_be_followed_in_the_log_and_its_secrets_cannot(
    make_rig: MakeRig, sink: io.StringIO
) -> None:
    rig = await make_rig(allow_private=("127.0.0.1",))
    telemetry.configure(style="json", level="debug", to=sink)
    headers = {"mj-api-secret": rig.alice.key, "X-Request-Id": "req-of-alice"}
    async with receiving() as receiver:
        receiver.answer = lambda _: status(410)
        hook = receiver.url("/hook?token=hush-query")
        answer = await rig.client.post(
            "/mj/submit/imagine", json={"prompt": PROMPT, "notifyHook": hook}, headers=headers
        )
        refused = await rig.client.post(
            "/mj/submit/imagine",
            json={"prompt": f"{PROMPT} [[fault:reject-3]]", "notifyHook": hook},
            headers=headers,
        )
        task_id = answer.json()["result"]
        await rig.finished(task_id)
        await deliver(rig)

    text = sink.getvalue()
    lines: list[Json] = [json.loads(line) for line in text.splitlines()]
    assert refused.json()["code"] in {3, 9}
    assert [secret for secret in (*PRIVATE, rig.alice.key) if secret in text] == []
    ended = next(line for line in lines if line["message"] == "task moved")
    assert (ended["task"], ended["to"], ended["user"]) == (
        int(task_id), "SUCCESS", rig.alice.user_id,
    )  # fmt: skip
    away = next(line for line in lines if line["message"] == "channel did not take it")
    assert (away["request_id"], away["level"]) == ("req-of-alice", "info")
    assert isinstance(away["task"], int)
    paused = next(line for line in lines if "receiver" in line)
    assert paused["receiver"] == receiver.url("/hook")
    assert all({"timestamp", "level", "logger", "message"} <= set(line) for line in lines)
