"""
How the sandbox misbehaves when asked to: one row a fault, with the sentence the documents print.

For all prompts by `--fault NAME[=VALUE][:PROBABILITY]`, for one by a marker `[[fault:NAME]]` or
`[[fault:NAME=VALUE]]` in it. Follow-ups have the faults of their parent's prompt.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from random import Random
from types import MappingProxyType
from typing import Final

Faults = Mapping[str, str]
"""The faults of one submit: name and value, `""` where none was given."""

NONE: Final[Faults] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave. `default` stands in for a number that was not given."""

    name: str
    help: str
    value: str = ""
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """A fault for all prompts, and how likely it is."""

    name: str
    value: str = ""
    probability: float = 1.0


_ROWS: Final[tuple[Fault, ...]] = (
    Fault("reject-24", "Refuses with code 24, a banned word; no job is made.", "WORD"),
    Fault("reject-23", "Refuses with code 23, the queue is full; no job is made."),
    Fault("reject-3", "Refuses with code 3, nothing can take it; no job is made."),
    Fault("http-500", "Answers HTTP 500 with a JSON body without `code`; no job is made."),
    Fault("html", "Answers HTTP 200 with a page of HTML; no job is made."),
    Fault("slow-submit", "Makes the job, then waits this long with the answer.", "SECONDS", 5),
    Fault("drop-before-accept", "Closes the connection without an answer; no job is made."),
    Fault("drop-after-accept", "Makes the job, then closes the connection without an answer."),
    Fault("fail", "Ends as FAILURE with this reason.", "REASON"),
    Fault("fail-blank", "Ends as FAILURE without a reason, with an empty progress."),
    Fault("hang", "Comes to 99% and never ends."),
    Fault("omit", "Is missing from list-by-condition; fetch knows it."),
    Fault("freeze", "Its progress stands at 40% until the end."),
    Fault("shuffle", "Its progress goes up and down."),
    Fault("late", "Takes this much longer than it should.", "SECONDS", 30),
    Fault("number-result", "Answers the submit with the id as a number."),
    Fault("list-result", "Answers the submit with the id in a list."),
    Fault(
        "duplicate-id",
        "Answers the submit with the id of the job made before, and makes none.",
    ),
    Fault("no-picture", "Ends as SUCCESS without picture, video or text."),
    Fault("link-dies", "Its pictures answer 404 this long after the end.", "SECONDS", 5),
    Fault("code-as-string", "Answers the submit with the code as text."),
    Fault("status-201", "Answers the submit with HTTP 201."),
    Fault("status-404-code-3", "Refuses with code 3 under HTTP 404; no job is made."),
    Fault("fetch-204", "A fetch answers 204 without a body; list-by-condition is as always."),
    Fault("gzip", "Answers about it are gzip, whether the caller can read that or not."),
    Fault("slow-drip", "Answers about it come in small pieces, over this long.", "SECONDS", 5),
    Fault("existed", "Asked for the same again: code 21 with the first job's status and picture."),
    Fault("hide-21", "Opens a window but answers code 1; only a look shows MODAL."),
)

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every fault by its name."""

_MARKER = re.compile(r"\[\[fault:([^\]=]+)(?:=([^\]]*))?\]\]")


def read_spec(spec: str) -> Chance:
    """`NAME` or `NAME=VALUE`, then perhaps `:PROBABILITY`, 0 to 1. ValueError for others."""
    rest, colon, tail = spec.rpartition(":")
    probability = _number(tail) if colon else None
    if probability is None or not 0 <= probability <= 1:
        rest, probability = spec, 1.0
    name, _, value = rest.partition("=")
    _check(name.strip(), value)
    return Chance(name.strip(), value, probability)


def in_prompt(prompt: str) -> Faults:
    """The faults that a prompt asks for by markers. ValueError names an unknown one."""
    if "[[fault:" not in prompt:
        return NONE
    found = {name.strip(): value or "" for name, value in _MARKER.findall(prompt)}
    for name, value in found.items():
        _check(name, value)
    return found


def pick(chances: Iterable[Chance], prompt: str, dice: Random) -> Faults:
    """The faults that befall one submit; the prompt's own win over those for all."""
    marked = in_prompt(prompt)
    drawn = {chance.name: chance.value for chance in chances if dice.random() < chance.probability}
    return {**drawn, **marked} if drawn else marked


def seconds(faults: Faults, name: str) -> float:
    """The number that the fault carries; 0 where the fault is not there."""
    if name not in faults:
        return 0.0
    given = _number(faults[name])
    return given if given is not None else FAULTS[name].default or 0.0


def table() -> str:
    """All faults as rows of Markdown, for the documents."""
    rows = [
        f"| `{row.name}{'=' + row.value if row.value else ''}` | {row.help}"
        + (f" Default {row.default:g}." if row.default is not None else "")
        + " |"
        for row in _ROWS
    ]
    return "\n".join(("| Fault | What happens |", "|---|---|", *rows))


def _check(name: str, value: str) -> None:
    row = FAULTS.get(name)
    if row is None:
        near = get_close_matches(name, FAULTS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FAULTS)}."
        raise ValueError(f"There is no fault {name!r}; {hint}")
    number = _number(value) if value else 0.0
    if row.default is not None and (number is None or number < 0):
        raise ValueError(f"The fault {name} takes a number of seconds, not {value!r}.")


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text.strip()) else None
