"""An installation at rest: its database, and the master key that it was written with."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from mjgate.config import Config
from mjgate.domain.clock import SECOND, SystemClock
from mjgate.files import Blobs, Files, Place, bucket
from mjgate.keys import SHORTEST, Keys, Master, new_master
from mjgate.store import settings
from mjgate.store.database import Database, DatabaseUnusable
from mjgate.store.migrate import migrate, missing

SQLITE: Final = "sqlite"


class OutdatedError(DatabaseUnusable):
    """The database lacks migrations of this version."""


class KeyTroubleError(Exception):
    """
    The master key is missing, wrong or readable by others; `step` is what to type next.

    Unless something better is known, that is what shows where key and database were looked for.
    """

    def __init__(self, text: str, step: str = "mjgate config") -> None:
        super().__init__(text)
        self.step = step


async def open_store(config: Config, *, must_exist: bool) -> Database:
    """
    Open the database and check that the master key at hand is the one it was written with.

    Unless it `must_exist`, it is made, brought up to date, and given a key. DatabaseUnusable,
    KeyTroubleError.
    """
    if not must_exist:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    machine = SystemClock(int(config.clock_skew * SECOND))
    store = await Database.open(config.database_url, must_exist=must_exist, machine=machine)
    try:
        if must_exist:
            await _check_schema(store)
        else:
            await migrate(store, store.clock.now())
        await _check_key(config, store, may_make=not must_exist)
    except BaseException:
        await store.close()
        raise
    return store


async def _check_schema(store: Database) -> None:
    if steps := await missing(store):
        raise OutdatedError(f"{store.where} lacks {len(steps)} migration(s) of this version")


async def open_for_rotation(config: Config) -> Database:
    """Open the database without asking which key it was written with. DatabaseUnusable."""
    store = await Database.open(config.database_url, must_exist=True)
    try:
        await _check_schema(store)
    except BaseException:
        await store.close()
        raise
    return store


async def with_new_key(config: Config, store: Database) -> Keys:
    """
    The keys with a current one that the database does not know yet, and all that came before.

    One is made where the key is kept in a file: first of its lines before anything is written with
    it, so that whatever happens next can be done again. KeyTroubleError.
    """
    keys = load_keys(config)
    known = await settings.key_check(store.reader)
    if known is None or known[1] != keys.check_value():
        return _knowing(keys, known, store)
    if config.secret_key:
        msg = "Set MJGATE_SECRET_KEY to a new key, and MJGATE_RETIRED_SECRET_KEYS to the old one."
        raise KeyTroubleError(msg)
    _put_before(new_master(), config.secret_key_file)
    return load_keys(config)


def _put_before(secret: str, path: Path) -> None:
    """Make `secret` the first line of the file, in one step."""
    old = path.read_text("utf-8")
    with NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        file.write(f"{secret}\n{old}")
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _knowing(keys: Keys, known: tuple[str, str] | None, store: Database) -> Keys:
    """The keys, if the one that the database was written with is among them. KeyTroubleError."""
    if known is not None and known[0] not in keys.retired:
        msg = f"{store.where} was written with the master key {known[0]}, which is not at hand."
        raise KeyTroubleError(msg)
    return keys


def load_keys(config: Config) -> Keys:
    """The master key and retired ones: from the options, else from the file. KeyTroubleError."""
    if config.secret_key:
        return _keys([config.secret_key, *config.retired_secret_keys])
    path = config.secret_key_file
    try:
        lines = path.read_text("utf-8").split()
    except FileNotFoundError as error:
        msg = f"There is no master key at {path}; set MJGATE_SECRET_KEY or bring the file back."
        raise KeyTroubleError(msg) from error
    if path.stat().st_mode & 0o077:
        msg = f"{path} can be read by others than us."
        raise KeyTroubleError(msg, f"chmod 600 {path}")
    if path.parent.stat().st_mode & 0o022:
        msg = f"Others than us may put another master key into {path.parent}."
        raise KeyTroubleError(msg, f"chmod 700 {path.parent}")
    if not lines or min(map(len, lines)) < SHORTEST:
        msg = f"{path} does not hold a master key; bring back the file it had."
        raise KeyTroubleError(msg)
    return _keys([*lines, *config.retired_secret_keys])


def _keys(secrets: Sequence[str]) -> Keys:
    """The first of these is in force."""
    current, *retired = map(Master, secrets)
    return Keys(current, {master.id: master for master in retired})


def open_files(config: Config) -> Blobs:
    """Where pictures are kept: the directory, or the bucket. FilesUnusable without its library."""
    here = config.data_dir / "blobs"
    if not config.media_url:
        return Files(here)
    place = Place(
        url=config.media_url,
        endpoint=config.s3_endpoint,
        region=config.s3_region,
        key=config.s3_key,
        secret=config.s3_secret,
    )
    return bucket(place, here / "drafts")


async def _check_key(config: Config, store: Database, *, may_make: bool) -> None:
    known = await settings.key_check(store.reader)
    if known is None and may_make:
        _make_key(config, store)
    keys = load_keys(config)
    if known is None:
        now = store.clock.now()
        await store.write(settings.set_key_check, keys.current.id, keys.check_value(), now)
        known = await settings.key_check(store.reader)
    if known is not None and known[1] != keys.check_value():
        if known[0] in keys.retired:
            msg = f"{store.where} was not written with the new master key {keys.current.id} yet."
            raise KeyTroubleError(msg, "mjgate keys rotate")
        msg = (
            f"{store.where} was written with another master key (id {known[0]}) than the one at"
            f" hand (id {keys.current.id}); start with that key: nothing else can read its secrets."
        )
        raise KeyTroubleError(msg)


def _make_key(config: Config, store: Database) -> None:
    """A new database gets a new key; several machines must share one that is set."""
    if config.secret_key or config.secret_key_file.exists():
        return
    if store.engine != SQLITE:
        msg = "PostgreSQL needs MJGATE_SECRET_KEY, the same 32 characters or more on every node."
        raise KeyTroubleError(msg, 'export MJGATE_SECRET_KEY="$(openssl rand -base64 48)"')
    with NamedTemporaryFile("w", dir=config.data_dir, encoding="utf-8") as file:  # mode 0600
        file.write(new_master() + "\n")
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key is the key
            config.secret_key_file.hardlink_to(file.name)
