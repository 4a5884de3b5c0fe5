"""A task as its row: how it is read, and the columns and statements by which `moves` writes it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import msgspec

from mjgate.domain.action import Action, Bot, Mode
from mjgate.domain.task import Result, State, Task
from mjgate.store.database import Row

NOTHING: Final = Result()

_RESULT = msgspec.json.Decoder(Result)

INSERT: Final = """
    INSERT INTO tasks (
        id, job_uuid, user_id, token_id, group_id, action, bot, mode_wanted, mode, parent_id,
        custom_id, caller_state, hook_url, prompt, price, price_version, request, submit_at,
        state, version, progress, channel_id, credential_id, upstream_id, lane, turn, hold_no,
        hold_open, quiet, rescued, cancel_wanted, pinned, confirmed, announced, result, reason,
        fail_text, admin_text, start_at, finish_at, lead_id, settled
    ) VALUES (
        :id, :job_uuid, :user_id, :token_id, :group_id, :action, :bot, :mode_wanted, :mode,
        :parent_id, :custom_id, :caller_state, :hook_url, :prompt, :price, :price_version,
        :request, :submit_at, :state, :version, :progress, :channel_id, :credential_id,
        :upstream_id, :lane, :turn, :hold_no, :hold_open, :quiet, :rescued, :cancel_wanted,
        :pinned, :confirmed, :announced, :result, :reason, :fail_text, :admin_text, :start_at,
        :finish_at, :lead_id, :settled
    )
"""

UPDATE: Final = """
    UPDATE tasks SET
        state = :state, version = :version, progress = :progress, channel_id = :channel_id,
        credential_id = :credential_id, upstream_id = :upstream_id, lane = :lane, turn = :turn,
        hold_no = :hold_no, hold_open = :hold_open, quiet = :quiet, rescued = :rescued,
        cancel_wanted = :cancel_wanted, confirmed = :confirmed, announced = :announced,
        result = :result, reason = :reason, fail_text = :fail_text, admin_text = :admin_text,
        start_at = :start_at, finish_at = :finish_at, lead_id = :lead_id,
        settled = :settled
    WHERE id = :id AND state = :was
"""


def changes(task: Task) -> dict[str, int | str | None]:
    """The columns that a move may change."""
    return {
        "id": task.id,
        "state": task.state.value,
        "version": task.version,
        "progress": task.progress,
        "channel_id": task.channel_id,
        "credential_id": task.credential_id,
        "upstream_id": task.upstream_id,
        "lane": task.lane,
        "turn": task.turn,
        "hold_no": task.hold_no,
        "hold_open": int(task.hold_open),
        "quiet": int(task.quiet),
        "rescued": int(task.rescued),
        "cancel_wanted": int(task.cancel_wanted),
        "confirmed": int(task.confirmed),
        "announced": int(task.announced),
        "result": encode_result(task.result),
        "reason": task.reason,
        "fail_text": task.fail_text,
        "admin_text": task.admin_text,
        "start_at": task.start_at,
        "finish_at": task.finish_at,
        "lead_id": task.lead_id,
        "settled": task.settled,
    }


def columns(task: Task) -> dict[str, int | str | None]:
    """Every column of a new task."""
    return changes(task) | {
        "job_uuid": task.job_uuid,
        "user_id": task.user_id,
        "token_id": task.token_id,
        "group_id": task.group_id,
        "action": task.action.value,
        "bot": task.bot.value,
        "mode_wanted": None if task.mode_wanted is None else task.mode_wanted.value,
        "mode": task.mode.value,
        "parent_id": task.parent_id,
        "custom_id": task.custom_id,
        "caller_state": task.caller_state,
        "hook_url": task.hook_url,
        "prompt": task.prompt,
        "price": task.price,
        "price_version": task.price_version,
        "request": task.request,
        "submit_at": task.submit_at,
        "pinned": int(task.pinned),
    }


def encode_result(result: Result) -> str:
    """A result as its column keeps it."""
    return msgspec.json.encode(result).decode()


def from_row(row: Row) -> Task:
    """A task from a row with all columns; the schema has them in the order of `Task`."""
    values: list[Any] = list(row)
    for place, read in _READ:
        values[place] = read(values[place])
    return Task._make(values)


def _named(kind: type[StrEnum]) -> Callable[[Any], object]:
    """Which of `kind` a column names: a look-up costs a tenth of making one by its value."""
    return {each.value: each for each in kind}.__getitem__


def _mode(text: str | None) -> object:
    return None if text is None else _MODE(text)


@lru_cache(maxsize=4_096)
def _result(text: str) -> Result:
    return NOTHING if text == "{}" else _RESULT.decode(text)


_MODE: Final = _named(Mode)

_BY_NAME: Final[Mapping[str, Callable[[Any], object]]] = {
    "action": _named(Action),
    "bot": _named(Bot),
    "mode_wanted": _mode,
    "mode": _MODE,
    "state": _named(State),
    "result": _result,
    **dict.fromkeys(
        ("hold_open", "quiet", "rescued", "cancel_wanted", "pinned", "confirmed", "announced"),
        bool,
    ),
}
_READ: Final = tuple(
    (place, _BY_NAME[name]) for place, name in enumerate(Task._fields) if name in _BY_NAME
)
