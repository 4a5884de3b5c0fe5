"""Which processes of this machine live: each holds a lock on a file, which dies with it."""

import fcntl
import os
from pathlib import Path


class Locks:
    """Lock files in one directory, one for each process that shares a SQLite database."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: int | None = None

    def hold(self, node: str) -> None:
        """Show that this process lives, for as long as it does."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._held = os.open(self._directory / node, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def release(self, node: str) -> None:
        """Leave nothing behind."""
        if self._held is not None:
            (self._directory / node).unlink(missing_ok=True)
            os.close(self._held)
            self._held = None

    def alive(self, node: str) -> bool:
        """Whether the process that took this name still runs."""
        try:
            handle = os.open(self._directory / node, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(handle)
