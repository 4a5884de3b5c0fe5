import re
from pathlib import Path

from tests.cli.conftest import Run


def test_a_user_is_made_with_all_that_is_told_once(there: Run) -> None:
    answer = there("user", "create", "alice", "--quota", "5000", "--json").json

    assert list(answer) == ["id", "username", "role", "quota", "access_token", "password"]
    assert isinstance(answer["id"], int)
    assert (answer["username"], answer["role"], answer["quota"]) == ("alice", "user", 5000)
    assert len(answer["access_token"]) == 48
    assert len(answer["password"]) == 20


def test_an_admin_is_made_with_a_password_from_standard_input(there: Run) -> None:
    words = ("user", "create", "root", "--admin", "--password", "-", "--json")

    answer = there(*words, stdin="correct horse battery\n").json

    assert (answer["role"], answer["quota"]) == ("admin", 0)
    assert answer["password"] == "correct horse battery"


def test_a_topup_answers_with_the_new_balance(there: Run) -> None:
    user = there("user", "create", "alice", "--quota", "5", "--json").json

    answer = there("user", "topup", "alice", "7", "--json").json

    assert answer == {"id": user["id"], "quota": 12}


def test_a_balance_is_put_right_as_far_as_it_is_free(there: Run) -> None:
    user = there("user", "create", "alice", "--quota", "50", "--json").json
    words = ("user", "adjust", "alice", "-30", "--reason", "a mistake", "--reference", "note 1")

    answer = there(*words, "--json").json
    again = there(*words)
    beyond = there("user", "adjust", "alice", "-21", "--reason", "all")

    assert answer == {"id": user["id"], "quota": 20}
    assert "was used before" in again.err
    assert "Only 20 units are free" in beyond.err


def test_a_key_is_made_with_the_rights_that_were_said(there: Run) -> None:
    there("user", "create", "alice")
    rights = ("--quota", "100", "--actions", "IMAGINE,UPSCALE", "--modes", "FAST,RELAX")
    more = ("--allow-ip", "10.0.0.0/8", "--max-concurrency", "2", "--on-limit", "reject")
    last = ("--sees", "own", "--fallback", "--name", "laptop", "--json")

    answer = there("token", "create", "--user", "alice", *rights, *more, *last).json

    listed = there("token", "list", "--json").json["tokens"][0]
    assert list(answer) == ["id", "name", "key"]
    assert (answer["name"], listed["modes"], listed["max_running"]) == (
        "laptop", ["FAST", "RELAX"], 2,
    )  # fmt: skip
    assert "hook_secret_enc" not in listed
    assert re.fullmatch("sk-[A-Za-z0-9]{48}", answer["key"])


def test_a_revoked_key_leaves_the_list(there: Run) -> None:
    there("user", "create", "alice")
    key = there("token", "create", "--user", "alice", "--json").json

    revoked = there("token", "revoke", str(key["id"]), "--json").json

    assert revoked == {"id": key["id"], "revoked": True}
    assert there("token", "list", "--json").json == {"tokens": []}


def test_a_channel_is_added_listed_and_switched(there: Run) -> None:
    words = ("--provider", "mjproxy", "--base-url", "http://127.0.0.1:9/mj", "--secret", "-")

    made = there("channel", "add", "--name", "main", *words, "--json", stdin="s3cret\n").json
    off = there("channel", "disable", "main", "--json").json
    listed = there("channel", "list", "--json").json["channels"]

    assert list(made) == ["id", "name", "instance_id"]
    assert off == {"id": made["id"], "name": "main", "status": "disabled"}
    assert listed[0]["base_url"] == "http://127.0.0.1:9"
    assert listed[0]["status"] == "disabled"
    assert "s3cret" not in repr(listed)


def test_a_channels_secret_may_stand_in_the_environment_or_in_a_file(
    there: Run, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    words = ("channel", "add", "--provider", "mjproxy", "--base-url", "http://127.0.0.1:9")

    first = there(*words, "--name", "a", env={"MJGATE_CHANNEL_SECRET": "s3cret"})
    second = there(*words, "--name", "b", env={"MJGATE_CHANNEL_SECRET_FILE": "secret"})
    third = there(*words, "--name", "c")

    assert first.code == second.code == 0
    assert third.code == 2
    assert "MJGATE_CHANNEL_SECRET_FILE" in third.err


def test_books_that_balance_are_said_to(there: Run) -> None:
    there("user", "create", "alice", "--quota", "5000")

    answer = there("ledger", "check", "--json").json

    assert answer == {"ok": True, "users": 1, "tasks": 0, "broken": []}


def test_what_people_read_has_no_json_and_what_programs_read_nothing_else(there: Run) -> None:
    people = there("user", "create", "alice", "--quota", "5000")
    there("token", "create", "--user", "alice", "--name", "laptop")

    users, keys = there("user", "list").out, there("token", "list").out

    assert "token create --user alice" in people.out
    assert "5,000" in users
    assert "laptop" in keys
    assert re.search("sk-…[A-Za-z0-9]{4} ", keys)


def test_bootstrap_may_be_repeated_without_harm(there: Run) -> None:
    there("migrate")
    there("user", "create", "alice", "--quota", "5")

    again = there("user", "create", "alice", "--quota", "5")

    assert again.code == 1
    assert there("user", "list", "--json").json["users"][0]["balance"] == 5


def test_doctor_finds_what_is_missing_and_what_to_type(there: Run) -> None:
    there("user", "create", "root", "--admin")
    there("channel", "add", "--name", "x", "--base-url", "http://127.0.0.1:9", "--secret", "abc")
    there("channel", "disable", "x")

    found = {each["what"]: each for each in there("doctor", "--json").json["findings"]}

    assert found["database"]["state"] == "good"
    assert found["master key"]["state"] == "good"
    assert found["books"]["state"] == "good"
    assert found["clock"]["state"] == "good"
    assert found["processes"]["state"] == "warning"
    assert found["channel x"]["state"] == "warning"
    assert found["channel x"]["step"] == "mjgate channel enable x"
