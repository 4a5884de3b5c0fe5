#!/bin/sh
# Writes the locks: what mjgate needs to run (locks/run.txt), and what work on it needs too
# (locks/dev.txt). Both hold for every platform and for Python 3.11 and up; neither names an index.
#   tools/lock.sh             after a change of the dependencies in pyproject.toml
#   tools/lock.sh --upgrade   to take the newest versions
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv

compile() {
    "$uv" pip compile pyproject.toml --quiet --extra s3 --group build \
        --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links "$@" > /dev/null
}

compile "$@" --output-file locks/run.txt
compile "$@" --group dev --constraints locks/run.txt --output-file locks/dev.txt
