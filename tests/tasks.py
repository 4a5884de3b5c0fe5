"""A task for tests that need one and do not care about most of it."""

from typing import Any

from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.task import State, Task

SUBMITTED_AT = 1_763_712_000_123

_PLAIN = Task(
    id=1_763_712_000_123_456,
    job_uuid="4f0c8a4e-32a1-4c5e-8a39-6f1f3f1f0a11",
    user_id=1,
    token_id=2,
    group_id=3,
    action=Action.IMAGINE,
    bot=Bot.MID_JOURNEY,
    mode_wanted=None,
    mode=Mode.FAST,
    parent_id=None,
    custom_id="",
    caller_state="",
    hook_url="",
    prompt="a red fox",
    price=50_000,
    price_version=0,
    request="{}",
    submit_at=SUBMITTED_AT,
    state=State.SENDING,
    version=1,
    channel_id=4,
    credential_id=5,
    hold_no=1,
    hold_open=True,
)


def a_task(**different: Any) -> Task:  # noqa: ANN401  any column of a task
    """A task that is being sent, but for what is `different`."""
    return _PLAIN._replace(**different)
