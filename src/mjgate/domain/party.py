"""
Parties: the tasks that one press makes.

They are written together and sent by one call, that of the first, who leads them. Until the answer
names a job for each, the others go where the leader goes; from then on each is a task like any.
"""

import re
from typing import Final, NamedTuple

from mjgate.domain.action import Action
from mjgate.domain.buttons import meaning
from mjgate.domain.errors import MultipleJobs, Unsupported
from mjgate.domain.prompt import MOST_JOBS
from mjgate.domain.task import Task

_ALL: Final = re.compile(r"MJ::Job::(PicReader|PromptAnalyzer)::all", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"(?m)^[ \t]*([1-9])\ufe0f?\u20e3[ \t]*(\S.*)$")
"""How the services that the protocol comes from number the texts that may be picked."""

_READ: Final = frozenset({Action.DESCRIBE, Action.SHORTEN})


class Share(NamedTuple):
    """One task of a press: its prompt, and what it costs in quota units."""

    prompt: str
    price: int


def leads(task: Task) -> bool:
    """Whether others go where it goes: it leads them, and they have no ids of their own yet."""
    return task.lead_id == task.id and not task.upstream_id


def led(task: Task) -> bool:
    """Whether it goes where another goes: nobody but its leader sends or looks for it."""
    return task.lead_id not in {None, task.id} and not task.upstream_id


def texts(said: str) -> tuple[str, ...]:
    """The prompts that a DESCRIBE or SHORTEN came to, in the order of its buttons."""
    numbered = tuple(text.strip() for _, text in _NUMBERED.findall(said))
    return numbered or tuple(text for part in said.split("\n\n") if (text := part.strip()))


def picks(parent: Task) -> tuple[str, ...]:
    """The prompts that the buttons of `parent` pick from; none where they do something else."""
    return texts(parent.result.final_prompt) if parent.action in _READ else ()


def prompts_of(custom_id: str, parent: Task | None) -> tuple[str, ...]:
    """The prompts of the tasks that the button makes; none for one task. Unsupported."""
    if not custom_id.lower().endswith("::all"):
        return ()
    if not _ALL.fullmatch(custom_id):
        meaning(custom_id)
        msg = "Nobody can tell how many tasks this button makes; press others one by one."
        raise MultipleJobs(msg, field="customId")
    found = picks(parent) if parent else ()
    if not found:
        msg = "The task named by taskId came to no prompts that could be imagined."
        raise Unsupported(msg, field="customId")
    if len(found) > MOST_JOBS:
        msg = f"This button makes {len(found)} tasks; at most {MOST_JOBS} are made at once."
        raise MultipleJobs(msg, field="customId")
    return found
