"""Every failure is a sentence that ends with what to type next."""

import inspect
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mjgate.cli import ROWS, commands
from tests.cli.conftest import Run

BOOTSTRAP = [
    ("user", "list"),
    ("user", "create", "alice"),
    ("user", "topup", "alice", "5"),
    ("token", "list"),
    ("token", "create", "--user", "alice"),
    ("token", "revoke", "1"),
    ("channel", "list"),
    ("channel", "add", "--name", "a", "--base-url", "http://127.0.0.1:9", "--secret", "x"),
    ("channel", "test", "a"),
    ("channel", "enable", "a"),
    ("channel", "disable", "a"),
    ("ledger", "check"),
]


@pytest.mark.parametrize("words", BOOTSTRAP, ids=" ".join)
def test_no_bootstrap_command_makes_a_database_by_accident(
    mjgate: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ended = mjgate(*words, "--data-dir", "nowhere", "--json")

    assert ended.code == 1
    assert f"There is no database at {tmp_path}/nowhere/mjgate.db." in ended.err
    assert ended.next == "mjgate migrate --data-dir nowhere"
    assert not (tmp_path / "nowhere").exists()


def test_an_empty_file_is_not_taken_for_a_database(mjgate: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    url = f"sqlite:///{tmp_path}/empty.db"

    ended = mjgate("user", "list", "--database-url", url)

    assert ended.next == f"mjgate migrate --database-url {url}"


def test_a_file_that_is_no_database_is_named(mjgate: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes " * 100)

    ended = mjgate("user", "list", "--database-url", f"sqlite:///{tmp_path}/notes.txt")

    assert ended.code == 1
    assert "notes.txt" in ended.err
    assert "is not an SQLite database" in ended.err


def test_a_database_of_another_program_is_refused(mjgate: Run, tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE schema_migrations (version TEXT)")

    ended = mjgate("migrate", "--database-url", f"sqlite:///{file}")

    assert "holds tables of another program" in ended.err
    assert ended.next == "mjgate migrate --data-dir ~/mjgate-data"


def test_a_database_without_its_master_key_is_refused(mjgate: Run, tmp_path: Path) -> None:
    mjgate("migrate")
    (tmp_path / "data" / "secret.key").unlink()

    ended = mjgate("user", "list")
    again = mjgate("migrate")

    assert "There is no master key" in ended.err
    assert ended.next
    assert again.code == 1
    assert not (tmp_path / "data" / "secret.key").exists()


def test_a_database_with_another_master_key_is_refused(mjgate: Run) -> None:
    mjgate("migrate")

    ended = mjgate("user", "list", env={"MJGATE_SECRET_KEY": "another" * 10})

    assert "was written with another master key" in ended.err
    assert ended.next


def test_a_master_key_that_others_can_read_is_refused(mjgate: Run, tmp_path: Path) -> None:
    mjgate("migrate")
    key = tmp_path / "data" / "secret.key"
    key.chmod(0o644)

    ended = mjgate("user", "list")

    assert ended.next == f"chmod 600 {key}"


def test_a_master_key_that_others_could_replace_is_refused(mjgate: Run, tmp_path: Path) -> None:
    mjgate("migrate")
    (tmp_path / "data").chmod(0o770)

    ended = mjgate("user", "list")

    assert ended.next == f"chmod 700 {tmp_path / 'data'}"


def test_the_files_of_an_installation_are_its_owners_alone(mjgate: Run, tmp_path: Path) -> None:
    mjgate("migrate")

    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_postgresql_asks_for_a_shared_master_key(mjgate: Run, empty_url: str) -> None:
    ended = mjgate("migrate", "--database-url", empty_url)

    if empty_url.startswith("postgresql"):
        assert "PostgreSQL needs MJGATE_SECRET_KEY" in ended.err
        assert ended.next.startswith("export MJGATE_SECRET_KEY=")
    else:
        assert ended.code == 0


def test_a_database_nobody_answers_for_is_named_without_its_password(
    mjgate: Run, tmp_path: Path
) -> None:
    url = f"postgresql://app:hunter2@/mjgate?host={tmp_path}"

    ended = mjgate("user", "list", "--database-url", url)

    assert ended.code == 1
    assert "hunter2" not in ended.err
    assert ended.next == f"psql 'postgresql://app@/mjgate?host={tmp_path}'"


def test_a_data_directory_that_cannot_be_made_is_named(mjgate: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = mjgate("migrate", "--data-dir", "file/data")

    assert ended.code == 1
    assert f"{tmp_path}/file/data cannot be used: Not a directory." in ended.err
    assert ended.next == "mjgate migrate --data-dir ~/mjgate-data"


@pytest.mark.parametrize(
    ("words", "sentence", "step"),
    [
        (["usr"], "Did you mean 'user'?", "mjgate --help"),
        (["user", "creat", "x"], "Did you mean 'create'?", "mjgate user --help"),
        (["user", "create", "x", "--quta", "5"], "Did you mean --quota?", "mjgate user create"),
        (["user", "create"], "Missing argument", "mjgate user create --help"),
        (["user", "topup", "x", "much"], "'units'", "mjgate user topup --help"),
        (["token", "create"], "--user", "mjgate token create --help"),
        (["serve", "--port", "99999"], "a whole number from 0 to 65535", "mjgate serve --help"),
        (["serve", "--database-url", "mysql://x"], "must be sqlite:////", "mjgate serve --help"),
        (["sandbox", "--fault", "nonsense"], "nonsense", "mjgate sandbox --help"),
        (["sandbox", "--host", "0.0.0.0"], "--secret", "mjgate sandbox --help"),  # noqa: S104  refused
    ],
)
def test_what_is_asked_wrongly_is_answered_with_what_was_meant(
    mjgate: Run, words: list[str], sentence: str, step: str
) -> None:
    ended = mjgate(*words)

    assert ended.code == 2
    assert sentence in ended.err
    assert ended.next.startswith(step)


@pytest.mark.parametrize(
    ("variable", "value", "step"),
    [
        ("MJGATE_PORT", "many", "unset MJGATE_PORT"),
        ("MJGATE_CONFIG", "mjgate.toml", "cat mjgate.toml"),
        ("MJGATE_CONFIG", "nowhere.toml", "ls -l {here}"),
        ("MJGATE_SECRET_KEY_FILE", "nowhere.key", "ls -l {here}"),
    ],
)
def test_an_option_that_is_set_wrongly_is_answered_with_where_it_is(
    mjgate: Run, tmp_path: Path, variable: str, value: str, step: str
) -> None:
    (tmp_path / "mjgate.toml").write_text("prot = 9000")

    ended = mjgate("config", env={variable: value})

    assert ended.code == 2
    assert ended.next == step.format(here=tmp_path)


@pytest.mark.parametrize(
    ("words", "sentence", "step", "code"),
    [
        (["user", "topup", "bob", "5"], "There is no user 'bob'.", "mjgate user list", 1),
        (["user", "topup", "bob", "0"], "0 units cannot be given", "mjgate user topup --help", 2),
        (["user", "create", "x", "--group", "gold"], "no group 'gold'", "mjgate user create", 2),
        (["user", "create", "x", "--password", "short"], "12 to 256", "mjgate user create", 2),
        (["token", "create", "--user", "bob"], "There is no user 'bob'.", "mjgate user list", 1),
        (["token", "revoke", "7"], "There is no key '7'.", "mjgate token list", 1),
        (["channel", "test", "x"], "There is no channel 'x'.", "mjgate channel list", 1),
    ],
)
def test_what_cannot_be_done_is_answered_with_where_to_look(
    there: Run, words: list[str], sentence: str, step: str, code: int
) -> None:
    ended = there(*words)

    assert ended.code == code
    assert sentence in ended.err
    assert ended.next.startswith(step)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--provider", "mjprox"], "did you mean mjproxy?"),
        (["--option", "filtre=flat"], "did you mean filter?"),
        (["--option", "filter=flatt"], "did you mean flat?"),
        (["--option", "filter"], "name=value"),
        (["--modes", "FASTT"], "did you mean FAST?"),
        (["--actions", "IMAGNE"], "did you mean IMAGINE?"),
        (["--base-url", "https://u:p@x.example.com"], "user name or password"),
    ],
)
def test_a_channel_that_is_said_wrongly_is_answered_with_what_was_meant(
    there: Run, options: list[str], sentence: str
) -> None:
    words = ("--name", "a", "--base-url", "https://x.example.com", "--secret", "s3cret")

    ended = there("channel", "add", *words, *options)

    assert ended.code == 2
    assert sentence in ended.err
    assert ended.next == "mjgate channel add --help"


def test_a_secret_that_standard_input_does_not_hold_is_not_made_up(there: Run) -> None:
    ended = there("user", "create", "alice", "--password", "-", stdin="")

    assert ended.code == 2
    assert "Standard input held no secret." in ended.err
    assert there("user", "list", "--json").json == {"users": []}


def test_strangers_text_is_shown_without_markup_and_control_characters(
    there: Run,
) -> None:
    ended = there("user", "topup", "\x1b[31m[bold]bob\u202e", "5")

    assert "\x1b" not in ended.err
    assert "\u202e" not in ended.err
    assert "[bold]bob" in ended.err


def test_help_has_an_answer_for_every_command(mjgate: Run) -> None:
    for words in ((), ("user",), ("token",), ("channel",), ("ledger",), ("demo",), ("serve",)):
        ended = mjgate(*words, "--help")

        assert ended.code == 0
        assert "mjgate" in ended.out


def test_the_list_says_of_each_command_what_it_says_itself() -> None:
    named = {command.name: command for command in commands().registered_commands}
    said = {name: inspect.getdoc(command.callback) for name, command in named.items()}

    listed = {row.name: row.help for row in ROWS if row.name in said}

    assert said == listed


def test_the_list_is_shown_without_loading_what_it_lists(tmp_path: Path) -> None:
    heavy = {"aiohttp", "asyncpg", "numpy", "starlette", "uvicorn"}
    script = (
        "import sys; from mjgate.cli import ended; ended(['--help']);"
        f"print(sorted({heavy} & set(sys.modules)))"
    )

    said = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout

    assert "doctor" in said
    assert said.splitlines()[-1] == "[]"


def test_a_command_is_told_as_it_has_to_be_typed(
    mjgate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/mjgate"])

    ended = mjgate("user", "list")

    assert ended.next == ".venv/bin/mjgate migrate"


def test_config_shows_where_each_value_came_from(mjgate: Run) -> None:
    env = {"MJGATE_PORT": "9000", "MJGATE_SECRET_KEY": "k" * 40}

    answer = mjgate("config", "--data-dir", "elsewhere", "--json", env=env).json

    rows = {row["name"]: (row["value"], row["source"]) for row in answer["options"]}
    assert rows["port"] == ("9000", "MJGATE_PORT")
    assert rows["secret_key"] == ("****", "MJGATE_SECRET_KEY")
    assert rows["data_dir"][1] == "command line"
    assert rows["host"] == ("127.0.0.1", "default")
