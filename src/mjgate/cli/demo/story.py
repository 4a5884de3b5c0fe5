"""What people see of the demo: headings, bars that follow the work, and rows that line up."""

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from mjgate.cli.terminal import as_typed, plain

NAMES: Final = 12
"""Columns of the names on the left."""

Bar = Callable[[int], None]
"""Told of per cent."""


class Story:
    """Tells what happens, on one console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def title(self, name: str, *lines: str) -> None:
        """What this is."""
        self._console.print()
        self._console.print(Text(name, "bold magenta"))
        for line in lines:
            self._console.print(Text(line, "dim"))

    def part(self, name: str) -> None:
        """A new part begins."""
        self._console.print()
        self._console.print(Text("● ", "magenta").append(name, "bold default"))

    def row(self, name: str, value: object, remark: str = "") -> None:
        """A name and its value, which is never cut; a path can be clicked where terminals can."""
        line = Text(f"  {name:<{NAMES}}", "dim")
        link = f"link {value.as_uri()}" if isinstance(value, Path) else "default"
        line.append(plain(value), link)
        if remark:
            line.append(f"  {remark}", "dim")
        self._console.print(line)

    def text(self, sentence: str) -> None:
        """A sentence between rows."""
        self._console.print(Text(f"  {sentence}", "default"))

    def command(self, line: str) -> None:
        """A line to type or paste, alone and whole."""
        self._console.print(Text(f"  {as_typed(line)}", "cyan"))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows below their heads: two names, then numbers."""
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for line in (heads, *rows):
            cells = [
                f"{cell:<{width}}" if number < _NAMED else f"{cell:>{width}}"
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            style = "dim" if line is heads else "default"
            self._console.print(Text("  " + "   ".join(cells), style))

    @contextlib.contextmanager
    def bars(self, names: Sequence[str]) -> Generator[Mapping[str, Bar]]:
        """A bar for each name while the block lasts; a line for each where nobody watches."""
        if not self._console.is_terminal:
            with self._clocks(names) as clocks:
                yield clocks
            return
        columns = (
            TextColumn(f"  {{task.description:<{NAMES - 1}}}", style="dim"),
            BarColumn(32, complete_style="magenta", finished_style="green"),
            TextColumn("{task.percentage:>4.0f}%"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            yield {name: _follower(progress, name) for name in names}

    @contextlib.contextmanager
    def _clocks(self, names: Sequence[str]) -> Generator[Mapping[str, Bar]]:
        began = time.monotonic()

        def told(name: str) -> Bar:
            def tell(percent: int) -> None:
                if percent == _ALL:
                    self.row(name, f"100% after {time.monotonic() - began:.1f} s")

            return tell

        yield {name: told(name) for name in names}


_ALL: Final = 100
_NAMED: Final = 2


def _follower(progress: Progress, name: str) -> Bar:
    bar = progress.add_task(name, total=_ALL)

    def follow(percent: int) -> None:
        progress.update(bar, completed=percent)

    return follow
