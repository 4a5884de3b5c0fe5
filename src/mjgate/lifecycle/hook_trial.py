"""Try a receiver: send it an example now, as a real event would be sent."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mjgate.dialects.mjproxy import encode
from mjgate.domain import webhook
from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.buttons import synthesised
from mjgate.domain.clock import SECOND
from mjgate.domain.task import Result, State, Task
from mjgate.domain.webhook import EventId
from mjgate.keys import Purpose
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.notify import send
from mjgate.links import view
from mjgate.store import accounts

KIND: Final = "test"
TOOK: Final = 40 * SECOND


@dataclass(frozen=True, slots=True)
class Tried:
    """What was sent, and what came back; `status` is None where nothing did."""

    headers: Mapping[str, str]
    body: bytes
    status: int | None
    error: str
    answer: str

    @property
    def delivered(self) -> bool:
        """Whether a real event would count as delivered."""
        return webhook.delivered(self.status)


async def send_test(gateway: Gateway, user_id: int, url: str) -> Tried:
    """Send the end of a task that never was, signed with the user's secret."""
    now = gateway.clock.now()
    body = encode(view(_example(user_id, now), gateway.links))
    sealed = await accounts.hook_secret(gateway.store.reader, user_id)
    secrets = gateway.keys.decrypt(Purpose.WEBHOOK, sealed).split() if sealed else []
    headers = webhook.headers(str(EventId(0, now, KIND)), body, secrets, at=now)
    status, error, answer = await send(gateway, url, headers, body)
    return Tried(headers, body, status, error, answer)


def _example(user_id: int, now: int) -> Task:
    job = str(uuid.UUID(int=0))
    return Task(
        id=0,
        job_uuid=job,
        user_id=user_id,
        token_id=0,
        group_id=0,
        action=Action.IMAGINE,
        bot=Bot.MID_JOURNEY,
        mode_wanted=None,
        mode=Mode.FAST,
        parent_id=None,
        custom_id="",
        caller_state="example",
        hook_url="",
        prompt="a red fox in the snow",
        price=0,
        price_version=0,
        request="",
        submit_at=now - TOOK,
        start_at=now - TOOK + SECOND,
        finish_at=now,
        state=State.SUCCESS,
        progress=100,
        result=Result(
            image_url="example", width=1024, height=1024,
            buttons=synthesised(Action.IMAGINE, job), final_prompt="a red fox in the snow",
        ),
    )  # fmt: skip
