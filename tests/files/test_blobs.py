"""Bytes under their hash, in a directory and in a bucket: there whole, or not at all."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from mjgate.files import Blobs, Files, FilesUnusable, Place, bucket
from mjgate.files.draft import PIECE

HOUR = 3_600_000
DATA = os.urandom(3_000_000)
HASH = hashlib.sha256(DATA).hexdigest()


async def all_in(blobs: Blobs) -> dict[str, int]:
    return {held.hash: held.bytes async for held in blobs.each()}


async def test_what_was_put_is_there_under_its_hash_whole_and_in_parts(blobs: Blobs) -> None:
    assert await blobs.put(DATA) == HASH
    assert await blobs.put(DATA) == HASH

    assert await blobs.read(HASH) == DATA
    assert await blobs.size(HASH) == len(DATA)
    part = b"".join([piece async for piece in blobs.stream(HASH, 999_999, 1_500_000)])
    assert part == DATA[999_999:2_499_999]
    assert [piece async for piece in blobs.stream(HASH, 5, 0)] == []
    assert await all_in(blobs) == {HASH: len(DATA)}


async def test_a_draft_is_read_while_it_grows_and_gone_unless_it_is_kept(blobs: Blobs) -> None:
    async with blobs.draft() as draft:
        await draft.write(DATA[:1_000])
        read = draft.reader()
        for start in range(1_000, len(DATA), 70_000):
            await draft.write(DATA[start : start + 70_000])
            assert DATA[:PIECE].startswith(await read(0))
        assert await all_in(blobs) == {}
        held = await blobs.keep(draft)
    assert await read(len(DATA) - 10) == DATA[-10:]
    async with blobs.draft() as dropped:
        await dropped.write(b"nobody wants this")

    assert (held.hash, held.bytes) == (HASH, len(DATA))
    assert await blobs.read(HASH) == DATA
    assert not dropped.path.exists()
    assert await all_in(blobs) == {HASH: len(DATA)}


async def test_what_is_not_there_is_said_to_be_missing(blobs: Blobs) -> None:
    missing = "0" * 64

    with pytest.raises(FileNotFoundError):
        await blobs.read(missing)
    with pytest.raises(FileNotFoundError):
        _ = [piece async for piece in blobs.stream(missing, 0, 10)]
    assert await blobs.size(missing) is None
    assert not await blobs.delete(missing, unless_since=0)


async def test_what_was_put_anew_is_not_deleted(blobs: Blobs) -> None:
    async with blobs.draft() as draft:
        await draft.write(DATA)
        at = (await blobs.keep(draft)).at

    assert not await blobs.delete(HASH, unless_since=at)
    assert await blobs.size(HASH) == len(DATA)
    assert await blobs.delete(HASH, unless_since=at + HOUR)
    assert await blobs.size(HASH) is None


async def test_drafts_of_the_dead_are_tidied_away(blobs: Blobs) -> None:
    async with blobs.draft() as draft:
        await draft.write(b"half a picture")
        moment = int(draft.path.stat().st_mtime * 1_000)

        assert await blobs.tidy(before=moment - 1_000) == 0
        assert await blobs.tidy(before=moment + 1_000) == 1


async def test_a_place_is_tried_before_it_is_trusted(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.check()
    assert await blobs.free() > 0
    assert await all_in(blobs) == {}

    occupied = tmp_path / "occupied"
    occupied.write_text("a file")
    for wrong in (
        Files(occupied),
        bucket(Place(url="s3://no-such/x", endpoint="http://127.0.0.1:9", key="k", secret="s"),
               tmp_path),
    ):  # fmt: skip
        with pytest.raises(FilesUnusable):
            await wrong.check()
        await wrong.close()


async def test_contents_are_their_owners_alone(tmp_path: Path) -> None:
    files = Files(tmp_path / "blobs")

    await files.put(DATA)
    await files.close()

    for path in (tmp_path / "blobs").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
