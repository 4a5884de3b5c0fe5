"""The pages that people read, and what stands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_ROW = re.compile(r"^\| (.*) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code, by its language."""

    language: str
    text: str


def read(name: str) -> str:
    """A page, by its path in the repository."""
    return (ROOT / name).read_text("utf-8")


def blocks(name: str) -> list[Block]:
    """Every block of code of a page."""
    return [Block(*found.groups()) for found in _BLOCK.finditer(read(name))]


def prose(name: str) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", read(name))


def links(name: str) -> list[str]:
    """Where a page leads."""
    return [found[1] or found[2] for found in _LINK.finditer(prose(name))]


def anchors(name: str) -> set[str]:
    """The headings of a page as links name them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(prose(name))
    }


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every row of every table, heads included."""
    for line in _ROW.findall(text):
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]


def section(name: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or a higher one."""
    level = heading.partition(" ")[0]
    rest = read(name).partition(f"\n{heading}\n")[2]
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
