#!/bin/sh
# Finds a Python that is new enough and lets it make .venv (see setup.py).
#   PYTHON=/path/to/python make setup     to choose another one
set -eu
cd "$(dirname "$0")/.."

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
}

if [ -n "${PYTHON:-}" ]; then
    candidates=$PYTHON
else
    candidates="python3 python3.14 python3.13 python3.12 python3.11 python"
    candidates="$candidates $(uv python find --no-python-downloads '>=3.11' 2> /dev/null || true)"
fi
for python in $candidates; do
    if new_enough "$python"; then
        exec "$python" tools/setup.py "$@"
    fi
done

found=$(${PYTHON:-python3} --version 2>&1) || found="no Python"
cat >&2 << MESSAGE
mjgate needs Python 3.11 or newer; found here: $found.
Install one and run make again:
    Debian, Ubuntu    apt install python3.11 python3.11-venv
    Fedora            dnf install python3.13
    macOS             brew install python@3.13
    with uv           uv python install 3.13
or name one that you have: PYTHON=/path/to/python3.13 make setup
MESSAGE
exit 1
