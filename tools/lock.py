"""
Write the locks: what mjgate needs to run, and what work on it needs besides.

Both hold for every platform and for Python 3.11 and up, and neither names an index. Each begins
with a digest of the dependencies it was made for; `--check` compares it, without a network.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCKS: Final = ROOT / "locks"
UV: Final = ROOT / ".venv" / "bin" / "uv"
WHAT: Final = ("pyproject.toml", "--extra=s3", "--group=build")
HOW: Final = ("--universal", "--python-version=3.11", "--generate-hashes")
PLAIN: Final = ("--quiet", "--no-header", "--no-emit-index-url", "--no-emit-find-links")
ADDRESS: Final = re.compile(r"https?://|file:|^-", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether they are up to date")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args()
    if options.check:
        _check()
        return
    newest = ["--upgrade"] if options.upgrade else []
    _write("run.txt", *newest)
    _write("dev.txt", *newest, "--group=dev", "--constraints=locks/run.txt")
    _check()


def _write(name: str, *words: str) -> None:
    lock = LOCKS / name
    subprocess.run(
        [UV, "pip", "compile", *WHAT, *HOW, *PLAIN, *words, "--output-file", lock],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    lock.write_text(_head() + lock.read_text())


def _check() -> None:
    for name in ("run.txt", "dev.txt"):
        text = (LOCKS / name).read_text()
        if not text.startswith(_head()):
            sys.exit(f"locks/{name} is not for the dependencies in pyproject.toml: run `make lock`")
        if ADDRESS.search(text):
            sys.exit(f"locks/{name} names an index or a folder; a lock holds versions and hashes")


def _head() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = ("requires-python", "dependencies", "optional-dependencies")
    wanted = [project["dependency-groups"], *(project["project"][name] for name in names)]
    digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    return f"# Written by `make lock` for the dependencies {digest[:16]}.\n"


if __name__ == "__main__":
    main()
