"""`mjgate doctor`: tries everything that an installation needs, and says what to do."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from dataclasses import asdict
from tempfile import TemporaryFile
from typing import Final

import typer

from mjgate import home
from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, refuse_missing
from mjgate.cli.terminal import Failure, answer, mark
from mjgate.config import Config
from mjgate.domain.channel import ChannelStatus
from mjgate.domain.clock import SECOND
from mjgate.domain.finding import Finding, State
from mjgate.files import FilesUnusable
from mjgate.lifecycle.settings import settings_in
from mjgate.manage import Desk
from mjgate.manage.trying import try_channel
from mjgate.store import accounts, channels, ledger, nodes, retention, tasks
from mjgate.store.database import StoreError
from mjgate.upstream import Upstream

ROOM_LEAST: Final = 1 << 30
"""Bytes of free disk below which we warn."""


@placed
def doctor(place: Place, *, as_json: Json = False) -> None:
    """Try database, files, clock, keys, books and each channel; say what to do."""
    findings = asyncio.run(_all(place.load(), place))
    ok = all(finding.state is not State.BROKEN for finding in findings)
    if as_json:
        answer({"ok": ok, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark(finding.state, finding.what, finding.text, finding.step)
    if not ok:
        raise typer.Exit(1)


async def _all(config: Config, place: Place) -> list[Finding]:
    findings = [
        Finding("options", State.WARNING, sentence, place.command("config"))
        for sentence in config.warnings
    ]
    findings.append(_directory(config, place))
    try:
        refuse_missing(config, place)
        async with await home.open_store(config, must_exist=True) as store:
            desk = Desk(
                store=store,
                keys=home.load_keys(config),
                clock=store.clock,
                actor="doctor",
            )
            findings += [finding async for finding in _inside(desk, place)]
            findings += await _pictures(config, desk, place)
    except Failure as failure:
        findings.append(Finding("database", State.BROKEN, failure.text, failure.step))
    except StoreError as error:
        findings.append(Finding("database", State.BROKEN, f"{error}.", place.command("migrate")))
    except home.KeyTroubleError as error:
        findings.append(Finding("master key", State.BROKEN, str(error), error.step))
    return findings


def _directory(config: Config, place: Place) -> Finding:
    path = config.data_dir
    if not path.is_dir():
        text = f"There is no directory {path}."
        return Finding("data directory", State.BROKEN, text, place.command("migrate"))
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            "data directory", State.BROKEN, f"We may not write to {path}.", f"chmod u+rwx {path}"
        )
    if path.stat().st_mode & 0o077:
        text = f"Others may look into {path}, where the master key is."
        return Finding("data directory", State.WARNING, text, f"chmod 700 {path}")
    try:
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        text = f"Nothing can be written to {path}: {error.strerror}."
        return Finding("data directory", State.BROKEN, text, f"df -h {path}")
    free = shutil.disk_usage(path).free
    if free < ROOM_LEAST:
        text = f"{path} has {free >> 20} MiB left."
        return Finding("data directory", State.WARNING, text, f"df -h {path}")
    return Finding("data directory", State.GOOD, f"{path}, {free >> 30} GiB free.")


async def _pictures(config: Config, desk: Desk, place: Place) -> list[Finding]:
    """Where results are kept, how much is left to copy, and whether there is room for new tasks."""
    try:
        files = home.open_files(config)
    except FilesUnusable as error:
        return [Finding("pictures", State.BROKEN, f"{error}.", place.command("config"))]
    try:
        await files.check()
        free = await files.free()
    except (FilesUnusable, OSError) as error:
        return [Finding("pictures", State.BROKEN, f"{error}.", place.command("config"))]
    finally:
        await files.close()
    reserve = (await settings_in(desk.store.reader)).disk_reserve_mib
    if free >> 20 < reserve:
        text = f"{free >> 20} MiB are left of the {reserve} that new tasks need; none are taken."
        return [Finding("room", State.BROKEN, text, f"df -h {config.data_dir}")]
    counts = await retention.counts(desk.store.reader)
    kept, due, lost = (counts.get(each, 0) for each in ("kept", "due", "lost"))
    text = f"{kept:,} are kept, {due:,} are still to be copied, {lost:,} were lost."
    return [
        Finding(
            "pictures",
            State.WARNING if lost else State.GOOD,
            text,
            place.command("media", "verify"),
        )
    ]


async def _inside(desk: Desk, place: Place) -> AsyncGenerator[Finding]:
    store, reader = desk.store, desk.store.reader
    yield Finding("database", State.GOOD, f"{store.where} opens and is up to date.")
    yield Finding("master key", State.GOOD, f"Key {desk.keys.current.id} fits the database.")
    yield await _clock(desk)
    yield await _processes(desk, place)
    if not await accounts.any_admin(reader):
        text = "There is no admin yet; the first start makes one."
        yield Finding("admin", State.WARNING, text, place.command("serve"))
    found = await ledger.check(reader)
    if found.broken:
        text = f"{len(found.broken)} places do not balance."
        yield Finding("books", State.BROKEN, text, place.command("ledger", "check"))
    else:
        yield Finding("books", State.GOOD, f"They balance, over {found.tasks:,} tasks.")
    async for finding in _channels(desk, place):
        yield finding


async def _clock(desk: Desk) -> Finding:
    offset, newest = desk.store.offset, await tasks.newest(desk.store.reader)
    step = "timedatectl status"
    if abs(offset) > SECOND:
        text = f"The database's clock is {offset / SECOND:+.1f} s from ours."
        return Finding("clock", State.WARNING, text, step)
    if newest is not None and newest > desk.clock.now() + SECOND:
        text = "The newest task is from the future: the clock was set back."
        return Finding("clock", State.WARNING, text, step)
    return Finding("clock", State.GOOD, "Ours, the database's and the newest task's agree.")


async def _processes(desk: Desk, place: Place) -> Finding:
    """Who serves and works, by the beats that they leave."""
    lease = (await settings_in(desk.store.reader)).node_lease * SECOND
    since = desk.clock.now() - lease
    alive = sum(beat > since for beat in (await nodes.present(desk.store.reader)).values())
    if not alive:
        text = "None is running, so nothing is served and tasks wait."
        return Finding("processes", State.WARNING, text, place.command("serve"))
    return Finding("processes", State.GOOD, f"{alive} at work.")


async def _channels(desk: Desk, place: Place) -> AsyncGenerator[Finding]:
    known = await channels.all_in_use(desk.store.reader)
    if not known:
        text = "There is none yet, so nothing can be drawn."
        yield Finding("channels", State.WARNING, text, place.command("channel", "add", "--help"))
    upstream = await Upstream.open()
    try:
        for channel in known:
            what = f"channel {channel.name}"
            if channel.status is not ChannelStatus.ENABLED:
                step = place.command("channel", "enable", channel.name)
                yield Finding(what, State.WARNING, f"It is {channel.status}.", step)
                continue
            trial = await try_channel(desk, upstream, channel.name)
            step = "" if trial.ok else place.command("channel", "disable", channel.name)
            yield Finding(what, State.GOOD if trial.ok else State.BROKEN, trial.text, step)
    finally:
        await upstream.close()
