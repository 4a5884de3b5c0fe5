"""The main job on an empty machine, with real processes and real HTTP."""

import json
import signal
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.processes import json_of, popen, typed


@pytest.mark.slow
def test_the_demo_draws_a_picture_and_an_upscale_and_ends(tmp_path: Path) -> None:
    ended = typed("demo", "--once", "--json", home=tmp_path)

    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert list(answer) == ["task_id", "image", "upscale", "url", "key"]
    for name in ("image", "upscale"):
        with Image.open(answer[name]) as picture:
            assert min(picture.size) >= 400
    home = tmp_path / "demo-data"
    books = json_of("ledger", "check", "--data-dir", str(home), home=tmp_path)
    assert (books["ok"], books["tasks"]) == (True, 2)
    assert answer["task_id"] in answer["image"]
    assert answer["key"] not in (home / "gateway.log").read_text()


@pytest.mark.slow
def test_the_demo_can_be_run_again_and_keeps_what_it_made(tmp_path: Path) -> None:
    first = typed("demo", "--once", "--json", home=tmp_path)
    second = typed("demo", "--once", "--json", home=tmp_path)

    assert first.returncode == second.returncode == 0, second.stderr
    home = str(tmp_path / "demo-data")
    books = json_of("ledger", "check", "--data-dir", home, home=tmp_path)
    keys = json_of("token", "list", "--data-dir", home, home=tmp_path)["tokens"]
    assert (books["ok"], books["tasks"]) == (True, 4)
    assert len(keys) == 1
    assert len(list((tmp_path / "demo-data" / "pictures").iterdir())) == 4


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_of_the_demo_outlives_it(tmp_path: Path, number: signal.Signals) -> None:
    with popen("demo", home=tmp_path) as demo:
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "Now a real provider" in line:
                break
        demo.send_signal(number)
        demo.wait(timeout=30)

    again = typed("demo", "--once", "--json", home=tmp_path)

    assert "  curl -s http" in said
    assert again.returncode == 0, again.stderr
    assert "taken" not in again.stderr


def test_the_demo_leaves_a_directory_alone_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "demo-data").mkdir()
    (tmp_path / "demo-data" / "precious").touch()

    ended = typed("demo", "--once", home=tmp_path)

    assert ended.returncode == 1
    assert "was not made by a demo" in ended.stderr
    assert ended.stderr.strip().endswith(f"--data-dir {tmp_path}/demo-data-2")
    assert [path.name for path in (tmp_path / "demo-data").iterdir()] == ["precious"]
