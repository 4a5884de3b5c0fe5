"""Keep modules under 300 lines and functions under 40, docstrings not counted."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
MODULE: Final = 300
FUNCTION: Final = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    files = sorted((ROOT / "src").rglob("*.py"))
    found = [complaint for file in files for complaint in _complaints(file)]
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)


def _complaints(file: Path) -> Iterator[str]:
    text = file.read_text()
    place = file.relative_to(ROOT)
    lines = text.count("\n")
    if lines > MODULE:
        yield f"{place}: {lines} lines, a module has at most {MODULE}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function) and (size := _size(node)) > FUNCTION:
            name = f"{place}:{node.lineno}: {node.name}"
            yield f"{name} has {size} lines, a function at most {FUNCTION}"


def _size(function: Function) -> int:
    """Lines of the function; its docstring is free."""
    first = function.body[0]
    said = ast.get_docstring(function) is not None
    free = (first.end_lineno or 0) - first.lineno + 1 if said else 0
    return (function.end_lineno or 0) - function.lineno + 1 - free


if __name__ == "__main__":
    main()
