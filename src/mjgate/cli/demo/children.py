"""The demo's gateway and sandbox: real processes, which end with the demo however it ends."""

import asyncio
import contextlib
import os
import re
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Final

from mjgate.cli.terminal import Failure
from mjgate.config.options import PREFIX

START: Final = 30.0
"""Seconds that a process has to answer requests."""

STOP: Final = 10.0
"""Seconds that it has to end in order."""

_NAMES: Final = {"serve": "gateway", "sandbox": "sandbox"}

_READY: Final = re.compile(r"is ready at (https?://\S+)")


@contextlib.asynccontextmanager
async def running(
    *words: str,
    log: Path,
    secrets: Mapping[str, str] | None = None,
    listener: socket.socket | None = None,
) -> AsyncGenerator[str]:
    """
    Run `mjgate <words>` for as long as the block lasts; gives its address. Failure.

    A `listener` is handed on, so that nobody can take its port in the meantime.
    """
    name = _NAMES[words[0]]
    sockets = () if listener is None else (listener.fileno(),)
    with log.open("w", encoding="utf-8") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mjgate",
            *words,
            *(word for number in sockets for word in ("--inherited", str(number))),
            "--end-with-stdin",
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            env=_environment(secrets or {}),
            pass_fds=sockets,
            start_new_session=True,  # Ctrl-C is ours to hand on, in order
        )
    try:
        url = await _address(process, name, log)
        drain = asyncio.create_task(_drained(process))
        try:
            yield url
        finally:
            drain.cancel()
    finally:
        await asyncio.shield(_end(process))


def _environment(secrets: Mapping[str, str]) -> dict[str, str]:
    """Ours without the options of another installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**kept, **secrets}


async def _address(process: Process, name: str, log: Path) -> str:
    try:
        async with asyncio.timeout(START):
            async for line in _lines(process):
                if found := _READY.search(line):
                    return found[1]
            await process.wait()
    except TimeoutError:
        raise Failure(f"The {name} did not start in {START:.0f} s.", f"cat {log}") from None
    raise Failure(f"The {name} did not start: {_last_word(log)}", f"cat {log}")


async def _lines(process: Process) -> AsyncGenerator[str]:
    if process.stdout is not None:
        async for line in process.stdout:
            yield line.decode("utf-8", "replace")


async def _drained(process: Process) -> None:
    """Read what it says later, so that it never waits for us."""
    async for _ in _lines(process):
        pass


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _last_word(log: Path) -> str:
    """The sentence that it ended with."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    said = [line.removeprefix("mjgate: ") for line in lines if line.startswith("mjgate: ")]
    return said[-1] if said else (lines or ["it said nothing"])[-1]
