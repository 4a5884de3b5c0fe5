"""What an operator needs over ssh: passwords, switches, tasks, a new master key."""

import base64
from pathlib import Path

from mjgate.keys import Master
from tests.cli.conftest import Run

CHANNEL = ("channel", "add", "--name", "main", "--base-url", "http://127.0.0.1:9")


def test_a_user_gets_a_new_password_and_is_kept_out_and_let_in(there: Run) -> None:
    user = there("user", "create", "alice", "--json").json
    there("user", "create", "root", "--admin")

    chosen = there("user", "password", "alice", "--password", "-", "--json", stdin="p" * 12 + "\n")
    random = there("user", "password", "alice", "--json").json
    off = there("user", "disable", "alice", "--json").json
    listed = {each["username"]: each for each in there("user", "list", "--json").json["users"]}
    on = there("user", "enable", "alice", "--json").json
    last = there("user", "disable", "root")
    nobody = there("user", "disable", "bob")

    assert chosen.json == {"id": user["id"], "username": "alice", "password": "p" * 12}
    assert len(random["password"]) == 20
    assert off == {"id": user["id"], "username": "alice", "status": "disabled"}
    assert listed["alice"]["enabled"] is False
    assert on["status"] == "enabled"
    assert "last active admin" in last.err
    assert nobody.next.endswith("user list")


def test_a_channel_gets_another_key_and_is_drained(there: Run) -> None:
    made = there(*CHANNEL, "--secret", "-", "--json", stdin="old-secret\n").json

    changed = there("channel", "set-secret", "main", "--secret", "-", "--json", stdin="new\n").json
    none = there("channel", "set-secret", "main")
    drained = there("channel", "drain", "main", "--json").json
    gone = there("channel", "drain", "main", "--delete", "--json").json

    assert changed == {"id": made["id"], "name": "main"}
    assert none.code == 2
    assert drained == {"id": made["id"], "name": "main", "status": "draining"}
    assert gone["status"] == "deleted"
    assert there("channel", "list", "--json").json == {"channels": []}


def test_a_retired_key_is_listed_and_dropped(there: Run) -> None:
    there(*CHANNEL, "--secret", "-", stdin="the-old-secret\n")
    there("channel", "set-secret", "main", "--secret", "-", stdin="the-new-secret\n")

    listed = there("channel", "secrets", "main", "--json").json["secrets"]
    kept = there("channel", "drop-secret", "main", str(listed[0]["id"]))
    dropped = there("channel", "drop-secret", "main", str(listed[1]["id"]), "--json").json
    left = there("channel", "secrets", "main", "--json").json["secrets"]

    assert [each["retired_at"] is None for each in listed] == [True, False]
    assert "give it another one first" in kept.err
    assert dropped["dropped"] == listed[1]["id"]
    assert left == listed[:1]
    assert "secret" not in there("channel", "secrets", "main").out


def test_limits_of_modes_are_changed_and_shown(there: Run) -> None:
    more = ("--secret", "-", "--modes", "FAST,RELAX", "--submit-gap", "500")
    there(*CHANNEL, *more, stdin="old-secret\n")

    changed = there(
        "channel", "limit", "main", "--modes", "relax", "--max-running", "3", "--json"
    ).json
    both = there("channel", "limit", "main", "--submit-gap", "2000", "--json").json
    wrong = [
        there("channel", "limit", "main", *words)
        for words in (("--modes", "TURBO", "--max-running", "1"), ("--submit-gap", "-1"))
    ]

    assert changed["modes"] == {
        "FAST": {"max_running": 10, "max_waiting": 1000, "submit_gap": 500},
        "RELAX": {"max_running": 3, "max_waiting": 1000, "submit_gap": 500},
    }
    assert {each["submit_gap"] for each in both["modes"].values()} == {2000}
    assert both["modes"]["RELAX"]["max_running"] == 3
    assert [each.code for each in wrong] == [2, 2]


def test_a_task_that_nobody_knows_is_told(there: Run) -> None:
    there("migrate")

    for command in ("show", "cancel", "refresh"):
        assert "There is no task '17'" in there("task", command, "17").err
    assert there("task", "refund", "17", "--reason", "x").code == 1


def test_maintenance_is_switched(there: Run) -> None:
    there("migrate")

    assert there("maintenance", "on", "--json").json == {"maintenance": True}
    assert there("maintenance", "off", "--json").json == {"maintenance": False}


NEWEST = {"MJGATE_SECRET_KEY": "o" * 40, "MJGATE_RETIRED_SECRET_KEYS": "n" * 40}
NEW = {"MJGATE_SECRET_KEY": "n" * 40, "MJGATE_RETIRED_SECRET_KEYS": "m" * 40}


def test_a_new_master_key_reads_all_that_the_old_one_wrote(there: Run) -> None:
    there("user", "create", "alice")
    there(*CHANNEL, "--secret", "-", stdin="a-secret-of-a-channel\n")

    same = there("keys", "rotate")
    early = there("user", "list", env=NEW)
    unknown = there("keys", "rotate", env={"MJGATE_SECRET_KEY": "x" * 40})
    done = there("keys", "rotate", "--json", env=NEW).json
    again = there("keys", "rotate", "--json", env=NEWEST).json  # reads it without the first key
    late = there("user", "list")
    alone = there("channel", "list", env={"MJGATE_SECRET_KEY": "o" * 40})

    assert "MJGATE_RETIRED_SECRET_KEYS" in same.err
    assert early.next == "mjgate keys rotate"
    assert "not at hand" in unknown.err
    assert (done["key_id"], done["secrets"]) == (Master("n" * 40).id, 2)
    assert (again["key_id"], again["secrets"]) == (Master("o" * 40).id, 2)
    assert "another master key" in late.err
    assert alone.code == 0


def test_the_secret_of_the_operators_own_webhook_is_told_and_changes_with_the_master_key(
    there: Run,
) -> None:
    there("user", "create", "alice")

    told = there("keys", "webhook").out.strip()
    again = there("keys", "webhook", "--json").json
    there("keys", "rotate", env=NEW)
    other = there("keys", "webhook", "--json", env=NEW).json

    assert again == {"secret": told}
    assert told.startswith("whsec_")
    assert len(base64.b64decode(told.removeprefix("whsec_"), validate=True)) >= 24
    assert other != again


def test_a_master_key_in_a_file_is_replaced_and_the_old_one_kept_behind_it(
    mjgate: Run, tmp_path: Path
) -> None:
    mjgate("migrate")
    mjgate("user", "create", "alice")
    file = tmp_path / "data" / "secret.key"
    before = file.read_text().split()

    first = mjgate("keys", "rotate", "--json").json
    after = file.read_text().split()
    second = mjgate("keys", "rotate", "--json").json

    assert (after[1:], len(after)) == (before, 2)
    assert file.read_text().split()[1:] == after
    assert (first["secrets"], second["secrets"]) == (1, 1)
    assert file.stat().st_mode & 0o077 == 0
    assert mjgate("user", "list").code == 0


def test_whoever_migrates_is_told_of_users_only_while_there_are_none(there: Run) -> None:
    before = there("migrate")
    there("user", "create", "alice")

    after = there("migrate")

    assert "user create NAME" in before.out
    assert "up to date" in after.out
    assert "user create" not in after.out
