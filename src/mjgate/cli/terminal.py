"""What people and programs read: tables and sentences, or one line of JSON."""

import json
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PROGRAM: Final = "mjgate"

out: Final = Console(highlight=False, markup=False, soft_wrap=True)
err: Final = Console(highlight=False, markup=False, soft_wrap=True, stderr=True)


class Failure(Exception):
    """A command could not do what it was asked: why, in a sentence, and what to type next."""

    def __init__(self, text: str, step: str, *, code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.step = step
        self.code = code


def plain(text: object) -> str:
    """One line without anything that could move a cursor or change a colour."""
    return "".join(
        " " if sign in "\n\t" else sign
        for sign in str(text)
        if sign in "\n\t" or unicodedata.category(sign)[0] != "C"
    )


def as_typed(command: str) -> str:
    """A command of ours as it has to be typed here: by its path, where that is how we were."""
    word, _, rest = command.partition(" ")
    typed, found = Path(sys.argv[0]), shutil.which(PROGRAM)
    if word != PROGRAM or typed.name != PROGRAM or found == str(typed.absolute()):
        return command
    here, home = typed.absolute(), Path.cwd()
    path = here.relative_to(home) if here.is_relative_to(home) else here
    return f"{shlex.quote(str(path))} {rest}".rstrip()


def say(text: str = "", style: str = "") -> None:
    """A line for people, on standard output."""
    out.print(Text(plain(text), style))


def note(text: str = "", style: str = "") -> None:
    """A line for people beside the answer, on standard error."""
    err.print(Text(plain(text), style))


def answer(data: Mapping[str, object]) -> None:
    """One object on one line, for programs."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def tell(data: Mapping[str, object], sentence: str, *, as_json: bool) -> None:
    """What was done: the facts for programs, or the sentence for people."""
    if as_json:
        answer(data)
    else:
        say(sentence)


def suggest(command: str) -> None:
    """What to type next, alone on its line."""
    say(f"  {as_typed(command)}", "cyan")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows for people; numbers stand to the right."""
    lines = [[*row] for row in rows]
    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for number, head in enumerate(heads):
        right = bool(lines) and all(type(row[number]) is int for row in lines)
        drawn.add_column(head, justify="right" if right else "left", overflow="fold")
    for row in lines:
        drawn.add_row(*(Text(_cell(value)) for value in row))
    Console(highlight=False, markup=False).print(drawn)


def pairs(rows: Mapping[str, object]) -> None:
    """Names and values, one pair a line, none of them cut."""
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        line = Text(f"  {name:<{width}}  ", "dim")
        line.append(plain(_cell(value)), "bold")
        out.print(line)


def mark(state: str, what: str, text: str, step: str) -> None:
    """A line with a sign for how it is, and below it what to type if it is not good."""
    sign, style = {"good": ("✓", "green"), "warning": ("!", "yellow")}.get(state, ("✗", "red"))
    line = Text(f"{sign} ", f"bold {style}")
    line.append(f"{plain(what)}: ", "bold")
    line.append(plain(text), "default")
    out.print(line)
    if step and state != "good":
        out.print(Text("  next: ", "dim").append(plain(as_typed(step)), "bold"))


def failed(failure: Failure) -> None:
    """Say what went wrong, and end with what to type."""
    line = Text("mjgate: ", "bold red")
    line.append(plain(failure.text), "default")
    err.print(line)
    if failure.step:
        err.print(Text("  next: ", "dim").append(plain(as_typed(failure.step)), "bold"))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else plain(value)
