"""Reading what a submit asks for, beyond its fields. Pure functions."""

import re
from typing import Final

from mjgate.domain import buttons
from mjgate.domain.action import Action
from mjgate.domain.errors import BadField
from mjgate.domain.order import Body, Order
from mjgate.sandbox.answers import Answer
from mjgate.sandbox.faults import Faults
from mjgate.sandbox.jobs import Job

_CHANGE = re.compile(r"\s*(\S+)\s+(?:([UV])\s*([1-4])|(R))\s*", re.IGNORECASE)
_SEED = re.compile(r"(?:^|\s)--seed\s+(\d{1,10})(?=\s|$)")
_WORDS: Final = {"U": Action.UPSCALE, "V": Action.VARIATION, "R": Action.REROLL}
_BANNED: Final = "blood"


def parent_in(body: Body) -> str:
    """The id of the task that a body follows, in any of its forms; `""` without one."""
    content = body.get("content")
    name = content.split()[0] if isinstance(content, str) and content.split() else None
    return str(name or body.get("taskId") or "").strip()


def seed_in(prompt: str) -> int | None:
    """The number behind `--seed`; 0 and what is no 32-bit number count as none."""
    found = _SEED.search(prompt)
    number = int(found[1]) if found else 0
    return number if 0 < number < 2**32 else None


def follow_up(order: Order) -> tuple[str, Action | None, int]:
    """The parent, and the word and number of a `change`; no word where a button says it all."""
    if order.rule.path == "submit/action":
        return order.parent, None, 0
    if order.rule.path == "submit/simple-change":
        found = _CHANGE.fullmatch(str(order.fields["content"]))
        if found is None:
            raise BadField("content must read '<id> U2', '<id> V3' or '<id> R'.", field="content")
        word = _WORDS[(found[2] or found[4]).upper()]
        return found[1], word, int(found[3] or 0)
    word = Action(str(order.fields["action"]))
    number = int(order.fields.get("index", 0))
    if not number and word is not Action.REROLL:
        raise BadField("index must be 1, 2, 3 or 4.", field="index")
    return order.parent, word, number


def number_in(custom_id: str) -> int:
    """Which picture of its parent a button means, from 1; 0 where it means the whole."""
    found = buttons.meaning(custom_id).pattern.fullmatch(custom_id)
    return int((found.groupdict().get("n") if found else None) or 0)


def inherited(job: Job, parent: Job) -> str:
    """The prompt of a follow-up: its parent's, or the text that was picked."""
    if job.action is Action.IMAGINE and 0 < job.index <= len(parent.texts):
        return parent.texts[job.index - 1]
    return parent.prompt


def refusal(body: Body, spoil: Faults) -> Answer | None:
    """The refusal that a fault asks for."""
    if "reject-24" in spoil:
        prompt = str(body.get("prompt") or "")
        word = spoil["reject-24"] or _BANNED
        told = {"promptEn": prompt, "bannedWord": word}
        return Answer(code=24, description="may contain sensitive words", properties=told)
    if "reject-23" in spoil:
        told = {"discordInstanceId": ""}
        return Answer(code=23, description="the queue is full, try again later", properties=told)
    if "reject-3" in spoil:
        return Answer(code=3, description="no available account")
    if "status-404-code-3" in spoil:
        return Answer(code=3, description="the related task does not exist", status=404)
    return None
