"""`change` and `simple-change`: numbers and letters in place of buttons."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mjgate.domain.action import RULES, Action
from mjgate.domain.buttons import Button, hash_in, pressed
from mjgate.domain.errors import BadField, MissingField, Unsupported
from mjgate.domain.order import Order

CHANGE: Final = "submit/change"
SIMPLE: Final = "submit/simple-change"

_CONTENT = re.compile(r"\s*(\S+)\s+([UVR])([1-4]?)\s*", re.IGNORECASE)
_LETTERS: Final = {"U": Action.UPSCALE, "V": Action.VARIATION, "R": Action.REROLL}


def spelled_out(order: Order) -> Order:
    """A `simple-change` as the `change` that it stands for; any other order as it is."""
    if order.rule.path != SIMPLE:
        return order
    found = _CONTENT.fullmatch(str(order.fields["content"]))
    if found is None:
        msg = "content must be a task's id and U1-U4, V1-V4 or R, as in '1763712000123456 U2'."
        raise BadField(msg, field="content")
    fields: dict[str, str | int | bool] = {"action": _LETTERS[found[2].upper()].value}
    if found[3]:
        fields["index"] = int(found[3])
    return replace(order, rule=RULES[CHANGE], parent=found[1], fields=fields)


def as_button(order: Order, buttons: Sequence[Button]) -> Order:
    """A `change` as the press of the parent's matching button; any other order as it is."""
    if order.rule.path != CHANGE:
        return order
    action = Action(str(order.fields["action"]))
    index = order.fields.get("index")
    if index is None and action is not Action.REROLL:
        msg = "index is required: 1 to 4."
        raise MissingField(msg, field="index")
    job_hash = hash_in(buttons)
    if job_hash is None:
        msg = "The task named by taskId has no such button."
        raise Unsupported(msg, field="taskId")
    custom_id = pressed(action, int(index or 0), job_hash)
    return replace(order, rule=RULES["submit/action"], custom_id=custom_id, fields={})
