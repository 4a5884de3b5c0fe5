"""
Write the parts of the documents that are made from the code.

A part stands between `<!-- made from the code: NAME -->` and `<!-- end -->`; `make docs` writes it
anew, and `--check` only says which pages are not as the code is.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from mjgate.cli import commands as command_line
from mjgate.config.sources import describe
from mjgate.domain.action import RULES, Action, Field, Mode, Rule
from mjgate.domain.pricing import UNIT, PriceTable
from mjgate.domain.task import EDGES, STATUS, Edge, Hook, State
from mjgate.providers import PROVIDERS
from mjgate.web.api import ROWS
from mjgate.web.api.members import described
from mjgate.web.api.rows import Row as ManagementRow
from mjgate.web.application import routes

ROOT: Final = Path(__file__).resolve().parent.parent
PART: Final = re.compile(r"(<!-- made from the code: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
SHARED: Final = ("--data-dir", "--database-url", "--config", "--json")
"""Options that most commands have; the page explains them once."""

NOTHING: Final = cast("Any", None)
"""Who is only asked for names needs no context."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    check = parser.parse_args().check
    stale = [page for page in pages() if not _written(page, check=check)]
    for page in stale:
        print(f"{page.relative_to(ROOT)} is not as the code is: run `make docs`")
    sys.exit(1 if stale else 0)


def pages() -> list[Path]:
    """Every page that people read."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def _written(page: Path, *, check: bool) -> bool:
    """Bring the page up to date; False if it is not and may not be written."""
    text = page.read_text("utf-8")
    fresh = PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}", text)
    if fresh == text:
        return True
    if not check:
        page.write_text(fresh, "utf-8")
    return not check


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, with what would break its cells escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", str(value)).replace("\n", " ")


def _code(words: Iterable[str]) -> str:
    return " ".join(f"`{word}`" for word in words)


def options() -> str:
    """Every option of the gateway."""
    rows = [
        (_code([each.variable]), _code(filter(None, [each.flag])), each.help, each.accepts,
         each.default or "none")
        for each in describe()
    ]  # fmt: skip
    return table(("Variable", "Option of `serve`", "What it is", "Takes", "Default"), rows)


def providers() -> str:
    """Every provider with the options of its channels."""
    rows = [
        (_code([name]), _code([option]), _code(row.values) or "a number", row.help)
        for name, provider in PROVIDERS.items()
        for option, row in provider.options.items()
    ]
    return table(("Provider", "Option", "Values, the default first", "What it is"), rows)


def commands() -> str:
    """Every command with its arguments and options."""
    return "\n\n".join(_command(words, each) for words, each in all_commands())


def all_commands() -> Iterator[tuple[str, TyperCommand]]:
    """Every command that does something, by the words one types."""
    return _below("mjgate", cast("TyperGroup", typer.main.get_command(command_line())))


def _below(words: str, group: TyperGroup) -> Iterator[tuple[str, TyperCommand]]:
    for name in group.list_commands(NOTHING):
        each = group.commands[name]
        if isinstance(each, TyperGroup):
            yield from _below(f"{words} {name}", each)
        else:
            yield f"{words} {name}", cast("TyperCommand", each)


def _command(words: str, command: TyperCommand) -> str:
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    own = [
        each
        for each in command.params
        if isinstance(each, TyperOption) and not each.hidden and not _is_shared(words, each)
    ]
    shared = [each.opts[0] for each in command.params if _is_shared(words, each)]
    named = "".join(f" {(each.metavar or each.name or '').upper()}" for each in arguments)
    parts = [f"### `{words}{named}`", (command.help or "").strip()]
    rows = [_option(each) for each in own]
    if rows:
        parts.append(table(("Option", "What it is", "Default"), rows))
    if shared:
        parts.append(f"Also {_code(shared)}.")
    return "\n\n".join(parts)


def _is_shared(words: str, option: object) -> bool:
    if not isinstance(option, TyperOption) or option.opts[0] not in SHARED:
        return False
    return words != "mjgate demo" or option.opts[0] == "--json"  # the demo keeps to itself


def _option(option: TyperOption) -> tuple[str, str, str]:
    unsaid = option.default is None or option.default is False
    default = "" if unsaid else str(option.default)
    return _code(option.opts), option.help or "", "required" if option.required else default


def states() -> str:
    """Every state, and what it means for clients, slots and money."""
    rows = [
        (_code([each]), _code([STATUS[each]]), _yes(each.holds_slot), _yes(each.holds_money))
        for each in State
    ]
    return table(("State", "A client sees", "Holds a slot", "Holds money"), rows)


def _yes(is_so: bool) -> str:  # noqa: FBT001  the cell of a table
    return "yes" if is_so else ""


def diagram() -> str:
    """The moves as a picture."""
    lines = [f"    {_end(each.source)} --> {each.target}: {_short(each)}" for each in EDGES]
    ends = [f"    {each} --> [*]" for each in State if each.final]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, *ends, "```"])


def _end(state: State | None) -> str:
    return "[*]" if state is None else state.value


def _short(edge: Edge) -> str:
    return edge.by.partition(":")[0].replace(";", ",")


def moves() -> str:
    """The moves as a table, those with the same reason in one row."""
    alike: dict[tuple[str, str, tuple[Hook, ...]], list[Edge]] = {}
    for edge in EDGES:
        alike.setdefault((edge.by, edge.money, edge.hooks), []).append(edge)
    rows = [
        (_code(dict.fromkeys(_end(each.source).replace("[*]", "new") for each in edges)),
         _code(dict.fromkeys(each.target for each in edges)),
         by, "" if money == "none" else money, ", ".join(hooks))
        for (by, money, hooks), edges in alike.items()
    ]  # fmt: skip
    return table(("From", "To", "By", "Ledger", "Webhook"), rows)


def submits() -> str:
    """Every way to submit."""
    return table(
        ("`POST /mj/…`", "What it does", "Required", "Optional"),
        [_rule(rule) for rule in RULES.values()],
    )


def _rule(rule: Rule) -> tuple[str, ...]:
    paths = [rule.path, *rule.aliases]
    choices = [" or ".join(f"`{name}`" for name in group) for group in rule.either]
    required = [f"`{each.name}`" for each in rule.fields if each.required]
    named = {name for group in rule.either for name in group}
    optional = [_field(each) for each in rule.fields if not each.required]
    rest = [text for text in optional if text.strip("`") not in named]
    return _code(paths), rule.summary, ", ".join([*required, *choices]), ", ".join(rest)


def _field(field: Field) -> str:
    return f"`{field.name}`"


def served() -> str:
    """Every other address but those of the management API, from the routes themselves."""
    managed = {path for row in ROWS for path in (row.path, row.path.rstrip("/"))}
    found = [each for each in routes(NOTHING) if _is_asked(each.path) and each.path not in managed]
    rows = [(_code(sorted((each.methods or set()) - {"HEAD"})), _code([each.path]))
            for each in found]  # fmt: skip
    return table(("Method", "Path"), rows)


def _is_asked(path: str) -> bool:
    submits = {each for rule in RULES.values() for each in (rule.path, *rule.aliases)}
    return not {path.removeprefix("/mj/"), path.removeprefix("/api/mj/task/")} & submits


def management() -> str:
    """Every address of the management API: who may ask, what it takes and gives."""
    return "\n\n".join(
        f"### `{row.method} {row.path}`\n\n{row.summary} For: {row.who}.{_members(row)}"
        for row in ROWS
    )


def _members(row: ManagementRow) -> str:
    parts = (
        ("In the query", ", ".join(f"`{name}`" for name in row.query)),
        ("In the body", ", ".join(f"`{name}` {kind}" for name, kind in described(row.takes))),
        ("In `data`", ", ".join(f"`{name}` {kind}" for name, kind in described(row.gives))),
    )
    lines = [f"- {title}: {text}." for title, text in parts if text]
    return "\n".join(("\n", *lines)) if lines else ""


def prices() -> str:
    """What each action costs unless the operator says otherwise."""
    list_prices = PriceTable()
    by_price: dict[tuple[int, ...], list[str]] = {}
    for action in Action:
        cost = tuple(list_prices.of(action, mode) for mode in (Mode.RELAX, Mode.FAST, Mode.TURBO))
        by_price.setdefault(cost, []).append(action)
    rows = [(_code(actions), *(f"{each / UNIT:g}" for each in cost))
            for cost, actions in by_price.items()]  # fmt: skip
    return table(("Action", "RELAX", "FAST", "TURBO"), rows)


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "options": options,
    "providers": providers,
    "commands": commands,
    "states": states,
    "diagram": diagram,
    "moves": moves,
    "submits": submits,
    "served": served,
    "management": management,
    "prices": prices,
}

if __name__ == "__main__":
    main()
