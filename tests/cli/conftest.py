import io
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mjgate.cli import ended


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The answer, which is one object on one line and nothing else."""
        assert self.code == 0, self.err
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out
        return json.loads(lines[0])

    @property
    def next(self) -> str:
        """What the last line tells to type; there is no traceback, and no answer."""
        assert self.code != 0
        assert "Traceback" not in self.err
        assert self.out == ""
        line = self.err.strip().splitlines()[-1]
        assert line.strip().startswith("next: "), self.err
        return line.strip().removeprefix("next: ")


Run = Callable[..., Ended]


@pytest.fixture
def mjgate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Type a command in an empty directory; `env` and `stdin` as they would be there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Ended:
        with monkeypatch.context() as here:
            here.setattr(sys, "stdin", io.StringIO(stdin))
            for name, value in (env or {}).items():
                here.setenv(name, value)
            capsys.readouterr()
            code = ended(words)
            said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


@pytest.fixture
def there(mjgate: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same, with a database that is up to date; the test runs once for each engine."""
    monkeypatch.setenv("MJGATE_DATABASE_URL", database_url)
    monkeypatch.setenv("MJGATE_SECRET_KEY", "m" * 40)
    assert mjgate("migrate").code == 0
    return mjgate
