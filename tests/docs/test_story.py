"""The map at the head of `lifecycle` stays true."""

import re
from pathlib import Path

from mjgate import lifecycle

STEPS = {"submit", "dispatch", "track", "finish", "archive", "notify"}


def test_the_story_of_a_task_names_every_chapter_and_no_other() -> None:
    story = lifecycle.__doc__ or ""
    chapters = {path.stem for path in Path(lifecycle.__file__).parent.glob("[a-z]*.py")}

    assert set(re.findall(r"`(\w+)`", story)) | STEPS == chapters
