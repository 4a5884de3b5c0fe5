"""`mjgate media`: what is kept, whether it is all there, and what must never go."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import typer

from mjgate import home
from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk
from mjgate.cli.terminal import Failure, answer, note, say, tell
from mjgate.files import Blobs, FilesUnusable
from mjgate.lifecycle.retention import Swept, Verified, sweep
from mjgate.lifecycle.retention import verify as compared
from mjgate.manage import Desk, pins
from mjgate.store.retention import Need

T = TypeVar("T")

commands = typer.Typer()

TaskId = Annotated[str, typer.Argument(help="The task's id.", show_default=False)]


@commands.command()
@placed
def gc(place: Place, *, as_json: Json = False) -> None:
    """Delete contents that no task needs any more, and what processes left that died."""

    async def work(desk: Desk, files: Blobs) -> Swept:
        return await sweep(desk.store, files, desk.clock)

    swept = _with_files("media gc", place, work)
    sentence = (
        f"{swept.contents:,} contents that nobody needs, {swept.orphans:,} that were never"
        f" written down and {swept.drafts:,} unfinished ones are gone."
    )
    tell(asdict(swept), sentence, as_json=as_json)


@commands.command()
@placed
def verify(place: Place, *, as_json: Json = False) -> None:
    """Compare what is written down with what is there, both ways, and name what differs."""

    async def work(desk: Desk, files: Blobs) -> Verified:
        return await compared(desk.store, files, desk.clock)

    found = _with_files("media verify", place, work)
    if as_json:
        shown = {
            "ok": found.ok,
            "rows": found.rows,
            "contents": found.contents,
            "missing": [_shown(need) for need in found.missing],
            "strange": list(found.strange),
        }
        answer(shown)
    else:
        _tell(found, place)
    if not found.ok:
        raise typer.Exit(1)


@commands.command()
@placed
def pin(
    place: Place,
    task: TaskId,
    *,
    off: Annotated[bool, typer.Option("--off", help="Treat it like all others again.")] = False,
    as_json: Json = False,
) -> None:
    """Never let the results of a task go, whatever the settings of retention say."""

    async def work(desk: Desk) -> None:
        await pins.pin(desk, task, on=not off)

    at_desk("media pin", place, work)
    how = "like all others" if off else "kept for ever"
    tell(
        {"task": task, "pinned": not off}, f"The results of {task} are {how} now.", as_json=as_json
    )


def _with_files(command: str, place: Place, work: Callable[[Desk, Blobs], Awaitable[T]]) -> T:
    """Work with the database and with the files beside it."""
    config = place.load()

    async def both(desk: Desk) -> T:
        try:
            files = home.open_files(config)
        except FilesUnusable as error:
            raise Failure(f"{error}.", place.command("config")) from error
        try:
            return await work(desk, files)
        finally:
            await files.close()

    return at_desk(command, place, both)


def _tell(found: Verified, place: Place) -> None:
    for need in found.missing:
        note(f"{need.kind} {need.n} of {need.task_id} {need.variant}: its bytes are not there.")
    for content_hash in found.strange:
        note(f"{content_hash}: no task needs it, and it is not written down.")
    if found.ok:
        say(f"All is there: {found.rows:,} results in {found.contents:,} contents.")
        return
    raise Failure(
        f"{len(found.missing)} results lack their bytes, {len(found.strange)} contents their row.",
        place.command("media", "gc" if found.strange else "verify"),
    )


def _shown(need: Need) -> dict[str, object]:
    return {"task": str(need.task_id), "kind": need.kind, "n": need.n, "size": need.variant}
