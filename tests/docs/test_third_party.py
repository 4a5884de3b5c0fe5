import hashlib

from tests.docs.pages import ROOT, read, rows

MADE_HERE = {".py", ".sql", ".typed", ".md"}
OURS = "src/mjgate/assets/docs/"


def test_everything_that_others_made_is_listed_as_it_is() -> None:
    table = [row for row in rows(read("THIRD_PARTY.md")) if "/" in row[0]]
    listed = {row[0].strip("`"): row[3].strip("`") for row in table}
    found = {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / "src").rglob("*")
        if path.is_file()
        and path.suffix not in MADE_HERE | {".pyc"}
        and not str(path.relative_to(ROOT)).startswith(OURS)
    }

    assert listed == found
