"""
Make `.venv`: the packages of a lock, each checked by its hash, and mjgate itself, editable.

`uv` installs them if it is on the PATH, else it is fetched into `.venv` with pip, and where that
does not work, pip installs from the same lock. Mirrors and proxies set for pip or uv are used.
"""

import argparse
import ast
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / "bin" / "python"
FETCHED: Final = VENV / "fetched"  # uv, where it is not on the PATH
OLDEST_UV: Final = (0, 5)

# What pip is told of its index, in uv's words.
FOR_UV: Final = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}

# Settings for pip that would lead an installation out of `.venv`.
FOR_PIP: Final = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
NOT_FOR_PIP: Final = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME")

UNREACHED: Final = """
The packages could not be installed; the reason stands above. If the package index is out of reach:
    use a mirror    pip config set global.index-url https://mirror.example/simple
    use a proxy     export HTTPS_PROXY=http://proxy.example:3128
and run make again."""

NO_VENV: Final = """
{python} cannot make a virtual environment: its module venv is missing or broken.
    Debian, Ubuntu    apt install python{version}-venv
    anywhere          install uv, which does without it
and run make again."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--run", action="store_true", help="only what mjgate needs to run")
    kind = "run" if parser.parse_args().run else "dev"
    if _up_to_date(kind) or _up_to_date("dev"):
        return
    if _stamp("dev").exists():
        kind = "dev"  # nobody who has the tools loses them
    _say(f"Installing the packages of locks/{kind}.txt into .venv ...")
    uv = _uv_on_the_path()
    _make_venv(uv)
    for stamp in (_stamp("run"), _stamp("dev")):
        stamp.unlink(missing_ok=True)
    uv = uv or _fetch_uv()
    lock = ROOT / "locks" / f"{kind}.txt"
    if not (_install_with_uv(uv, lock) if uv else _install_with_pip(lock)):
        _stop(UNREACHED)
    _stamp(kind).write_text(_state(kind))


def _stamp(kind: str) -> Path:
    return VENV / f"installed-{kind}"


def _state(kind: str) -> str:
    """What an installation is of, and its place: the scripts in it name that."""
    files = (ROOT / "locks" / f"{kind}.txt", ROOT / "pyproject.toml")
    return "\n".join(
        [str(ROOT), *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)]
    )


def _up_to_date(kind: str) -> bool:
    stamp = _stamp(kind)
    works = PYTHON.exists() and (VENV / "bin" / "mjgate").exists()
    return works and stamp.exists() and stamp.read_text() == _state(kind)


def _make_venv(uv: str | None) -> None:
    """Make it anew, unless we made the one that is here, in this place, and can install into it."""
    stamps = [stamp for stamp in (_stamp("run"), _stamp("dev")) if stamp.exists()]
    ours = any(stamp.read_text().startswith(f"{ROOT}\n") for stamp in stamps)
    able = uv or (FETCHED / "bin" / "uv").exists() or _has_pip()
    if PYTHON.exists() and ours and able:
        return
    if (VENV / "pyvenv.cfg").exists():
        shutil.rmtree(VENV)
    if uv:
        made = _run(uv, "venv", "--quiet", "--python", sys.executable, str(VENV))
    else:
        able = importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv")
        made = bool(able) and _run(sys.executable, "-m", "venv", str(VENV))
    if not made:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        _stop(NO_VENV.format(python=sys.executable, version=version))


def _uv_on_the_path() -> str | None:
    found = shutil.which("uv")
    if found is None:
        return None
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"(\d+)\.(\d+)", answer.stdout)
    return found if version and tuple(map(int, version.groups())) >= OLDEST_UV else None


def _fetch_uv() -> str | None:
    """Install the uv of the lock beside the packages; `None` if it cannot be had here."""
    uv = FETCHED / "bin" / "uv"
    if uv.exists():
        return str(uv)
    pinned = re.search(r"^uv==(\\\n|.)*", (ROOT / "locks" / "dev.txt").read_text(), re.MULTILINE)
    if pinned is None or not _has_pip():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(pinned.group() + "\n")
        requirements.flush()
        apart = ("--retries=1", "--target", str(FETCHED))
        if not _pip("install", *apart, *_checked(Path(requirements.name))):
            _say("uv cannot be fetched; going on with pip ...")
    return str(uv) if uv.exists() else None


def _has_pip() -> bool:
    return any(VENV.glob("lib/python*/site-packages/pip"))


def _install_with_uv(uv: str, lock: Path) -> bool:
    words = ("--quiet", "--python", str(PYTHON))
    hashed = ("--require-hashes", "--only-binary", ":all:")
    editable = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    environment = _uv_environment()
    return _run(uv, "pip", "sync", *words, *hashed, str(lock), environment=environment) and _run(
        uv, "pip", "install", *words, *editable, environment=environment
    )


def _install_with_pip(lock: Path) -> bool:
    editable = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    return _pip("install", *_checked(lock)) and _pip("install", *editable)


def _checked(lock: Path) -> tuple[str, ...]:
    """Nothing but what the lock names, and nothing that runs code of its own while it installs."""
    return ("--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(lock))


def _pip(command: str, *words: str) -> bool:
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_PIP}
    quiet = ("--quiet", "--disable-pip-version-check")
    pip = (str(PYTHON), "-m", "pip", command, *quiet)
    return _run(*pip, *words, environment=environment | FOR_PIP)


def _uv_environment() -> Mapping[str, str]:
    """The index that pip was told to use goes for uv too, unless uv was told one itself."""
    config = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "uv" / "uv.toml"
    told = {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_CONFIG_FILE"} & os.environ.keys()
    if told or config.exists():
        return os.environ
    pip = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, capture_output=True, text=True, check=False).stdout
    settings = dict(re.findall(r"^[^=\n]*\.([a-z-]+)=(.*)$", listed, re.MULTILINE))
    translated = {
        name: str(ast.literal_eval(settings[setting])).replace("\n", " ").strip()
        for setting, name in FOR_UV.items()
        if setting in settings
    }
    return translated | os.environ


def _run(*command: str, environment: Mapping[str, str] | None = None) -> bool:
    return subprocess.run(command, env=environment, check=False).returncode == 0


def _say(message: str) -> None:
    """Standard output belongs to what is run after us."""
    print(message, file=sys.stderr, flush=True)


def _stop(message: str) -> NoReturn:
    _say(message)
    sys.exit(1)


if __name__ == "__main__":
    main()
