"""The page about the sandbox says what the rows say."""

from dataclasses import fields
from pathlib import Path

from mjgate.sandbox import faults
from mjgate.sandbox.settings import SandboxSettings

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_the_page_has_the_table_of_faults_as_the_rows_print_it() -> None:
    assert faults.table() in PAGE.read_text()


def test_the_page_names_every_option() -> None:
    text = PAGE.read_text()
    names = {each.name for each in fields(SandboxSettings)} - {"faults", "pictures"}

    assert [name for name in names if f"`--{name.replace('_', '-')}`" not in text] == []
