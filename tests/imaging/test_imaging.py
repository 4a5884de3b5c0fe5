"""Foreign pictures are taken apart in processes of their own, and bombs not at all."""

import asyncio
import io
import os
import signal
import zlib
from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from PIL import Image, ImageOps, features

from mjgate.imaging import (
    BadPicture,
    Imaging,
    Limits,
    Margins,
    NotAPicture,
    Size,
    Thumbnail,
    TookTooLong,
    TooManyPixels,
)
from mjgate.sandbox.draw import jobs, mp4
from tests.imaging import made

FORMS = ("PNG", "JPEG", "WEBP", "GIF")


@pytest.fixture(scope="module")
async def imaging() -> AsyncGenerator[Imaging]:
    """Processes that the tests of this module share."""
    shared = Imaging(workers=1)
    yield shared
    await shared.close()


def near(picture: Image.Image, colour: tuple[int, int, int]) -> bool:
    """Whether the whole picture has the colour, within what JPEG does to it."""
    pixels = np.asarray(picture.convert("RGB"), dtype=float)
    return float(np.abs(pixels - colour).max()) < 24


@pytest.mark.parametrize("form", FORMS)
async def test_a_head_tells_size_and_type(imaging: Imaging, form: str) -> None:
    data = made.saved(made.grid(50, 30), form)

    size = await imaging.probe(data)

    assert size == Size(50, 30, f"image/{form.lower()}")


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
async def test_frames_are_counted(imaging: Imaging, form: str) -> None:
    others = [made.grid(20, 20).rotate(90), made.grid(20, 20).rotate(180)]
    data = made.saved(made.grid(20, 20), form, save_all=True, append_images=others, duration=50)

    size = await imaging.probe(data)

    assert size.frames == 3


@pytest.mark.parametrize(
    ("form", "width", "height"),
    [
        ("PNG", 64, 64),
        ("PNG", 65, 37),
        ("JPEG", 128, 64),
        ("WEBP", 48, 112),
        ("GIF", 40, 24),
    ],
)
async def test_a_grid_of_any_shape_is_cut_into_its_pictures(
    imaging: Imaging, form: str, width: int, height: int
) -> None:
    data = made.saved(made.grid(width, height), form, quality=95)

    quarters = await imaging.cut(data)

    pictures = [made.opened(quarter) for quarter in quarters]
    assert {picture.format for picture in pictures} == {form}
    assert sum(picture.width for picture in pictures) == 2 * width
    assert sum(picture.height for picture in pictures) == 2 * height
    for picture, colour in zip(pictures, made.QUARTERS, strict=True):
        inner = picture.crop((2, 2, picture.width - 2, picture.height - 2))
        assert near(inner, colour)


async def test_a_cut_of_a_lossless_grid_has_its_very_pixels(imaging: Imaging) -> None:
    grid = Image.effect_noise((60, 40), 80).convert("RGB")

    for form in ("PNG", "WEBP"):
        quarters = await imaging.cut(made.saved(grid, form, lossless=True))

        below = made.opened(quarters[3]).convert("RGB")
        assert below.tobytes() == grid.crop((30, 20, 60, 40)).tobytes()


@pytest.mark.slow
async def test_fifty_small_pictures_of_a_list_are_less_than_a_megabyte(imaging: Imaging) -> None:
    prompts = ("a red fox in the snow", "city at night, neon rain", "a mountain lake --ar 3:2")
    grids = [await asyncio.to_thread(jobs.draw_grid, jobs.plan(each, 7)) for each in prompts]

    small = [len(await imaging.thumbnail(each.data, Thumbnail.SMALL)) for each in grids]

    assert 50 * sum(small) / len(small) < 1_000_000
    assert all(len(each.data) > 200_000 for each in grids)


async def test_a_widened_picture_has_room_a_mask_of_it_and_no_more_pixels(
    imaging: Imaging,
) -> None:
    data = made.saved(Image.new("RGB", (400, 200), "red"), "PNG")

    around = await imaging.widen(data, Margins(50, 50, 50, 50))
    above = await imaging.widen(data, Margins(top=50))

    sheet, mask = (made.opened(each) for each in around)
    assert (sheet.size, mask.size) == ((400, 200), (400, 200))
    assert sheet.getpixel((200, 100)) == (255, 0, 0)
    assert [mask.getpixel(at) for at in ((99, 100), (101, 51), (299, 149), (301, 100))] == [
        255, 0, 0, 255,
    ]  # fmt: skip
    sheet, mask = (made.opened(each) for each in above)
    assert 0.98 < sheet.width * sheet.height / (400 * 200) <= 1
    assert mask.getpixel((5, sheet.height // 3 - 2)) == 255
    assert mask.getpixel((5, sheet.height - 1)) == 0


@pytest.mark.parametrize("size", Thumbnail)
async def test_a_thumbnail_is_a_webp_within_its_edge(imaging: Imaging, size: Thumbnail) -> None:
    data = made.saved(made.grid(1600, 800), "JPEG")

    small = made.opened(await imaging.thumbnail(data, size))

    assert (small.format, small.size) == ("WEBP", (size.edge, size.edge // 2))
    assert near(small.crop((4, 4, size.edge // 2 - 4, size.edge // 4 - 4)), made.RED)


async def test_a_thumbnail_is_never_larger_and_stands_upright(imaging: Imaging) -> None:
    small = made.opened(await imaging.thumbnail(made.telling("JPEG", turn=6), Thumbnail.LARGE))

    assert small.size == (24, 40)
    assert near(small.crop((2, 2, 10, 18)), made.BLUE)


@pytest.mark.parametrize("form", FORMS)
async def test_a_stripped_picture_tells_nothing_and_looks_the_same(
    imaging: Imaging, form: str
) -> None:
    data = made.telling(form)

    bare = await imaging.strip(data)

    assert made.PLACE in data
    assert made.PLACE not in bare
    assert b"xmp" not in bare.lower()
    assert not made.opened(bare).getexif()
    assert made.opened(bare).tobytes() == made.opened(data).tobytes()
    assert await imaging.strip(bare) == bare


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("turn", range(2, 9))
async def test_a_stripped_picture_is_turned_as_it_was_seen(
    imaging: Imaging, form: str, turn: int
) -> None:
    data = made.telling(form, turn=turn)

    bare = await imaging.strip(data)

    seen, left = ImageOps.exif_transpose(made.opened(data)), made.opened(bare)
    assert (left.size, left.format, dict(left.getexif())) == (seen.size, form, {})
    assert b"exif" not in bare.lower()
    assert made.PLACE not in bare
    apart = np.abs(np.asarray(left.convert("RGB"), int) - np.asarray(seen.convert("RGB"), int))
    assert apart.max() < (16 if form == "JPEG" else 1)


async def test_a_stripped_film_of_pictures_keeps_its_frames(imaging: Imaging) -> None:
    frames = [made.grid(20, 20), made.grid(20, 20).rotate(90)]
    for form in ("PNG", "WEBP", "GIF"):
        data = made.saved(
            frames[0], form, save_all=True, append_images=frames[1:], duration=70, loop=0
        )

        bare = Image.open(io.BytesIO(await imaging.strip(data)))

        assert getattr(bare, "n_frames", 1) == 2
        bare.seek(1)
        assert bare.convert("RGB").getpixel((2, 2)) is not None


BOMBS = {
    "png": made.png_bomb(50_000, 50_000),
    "png film": made.png_bomb(10, 10, frames=100_000),
    "png of no size": made.png_bomb(0, 10),
    "gif screen": made.gif_bomb(60_000, 60_000),
    "gif reaching out": made.gif_bomb(10, 10, reach=50_000),
    "gif film": made.gif_bomb(10, 10, frames=5_000),
    "gif of many large frames": made.gif_bomb(5_000, 5_000, frames=40),
    "webp": made.webp_bomb(16_383, 16_383),
    "webp canvas": made.webp_bomb(8, 8, canvas=16_000_000),
    "webp lying canvas": made.webp_bomb(16_383, 16_383, canvas=8),
    "webp film": made.webp_bomb(10, 10, frames=3_000),
    "jpeg": made.jpeg_bomb(60_000, 60_000),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_refused_by_its_head(imaging: Imaging, name: str) -> None:
    refused = NotAPicture if "no size" in name else TooManyPixels
    good = made.saved(made.grid(8, 8), "PNG")
    await imaging.probe(good)
    await imaging.cut(good)
    before = imaging.processes

    for asked in (imaging.probe, imaging.strip, imaging.cut):
        with pytest.raises(refused):
            await asked(BOMBS[name])

    assert imaging.processes == before  # nobody died of it


async def test_a_head_that_lies_small_bursts_nothing(imaging: Imaging) -> None:
    packed = made.png_bomb(30, 30)  # a megabyte where 2,730 bytes should be
    texts = made.chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90_000_000), 9))
    data = made.saved(made.grid(8, 8), "PNG")
    full_of_text = data[:33] + texts + data[33:]

    with pytest.raises(BadPicture):
        await imaging.cut(full_of_text)

    assert made.opened(await imaging.thumbnail(packed, Thumbnail.THUMB)).size == (30, 30)
    assert len(await imaging.strip(full_of_text)) < 1_000


@pytest.mark.parametrize("form", FORMS)
async def test_a_picture_that_breaks_off_is_none(imaging: Imaging, form: str) -> None:
    data = made.saved(Image.effect_noise((60, 60), 90).convert("RGB"), form, quality=60)

    with pytest.raises(NotAPicture):
        await imaging.strip(data[:-3])  # all pixels, and no end
    for most in (12, 30, len(data) // 2):
        with pytest.raises(NotAPicture):
            await imaging.strip(data[:most])
        with pytest.raises(NotAPicture):
            await imaging.cut(data[:most])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"II*\0" + bytes(64),
        b"BM" + bytes(64),
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBP",
        b"GIF89a",
    ],
    ids=["nothing", "svg", "pdf", "tiff", "bmp", "png", "jpeg", "webp", "gif"],
)
async def test_what_is_no_picture_is_refused(imaging: Imaging, data: bytes) -> None:
    for asked in (imaging.probe, imaging.strip, imaging.cut):
        with pytest.raises(NotAPicture):
            await asked(data)

    assert await imaging.poster(data) is None


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow cannot read AV1")
async def test_a_film_of_av1_has_a_poster(imaging: Imaging) -> None:
    film = mp4.encode([made.grid(64, 48)] * 3)

    frame = await imaging.poster(film)

    assert frame is not None
    picture = made.opened(frame)
    assert (picture.format, picture.size) == ("JPEG", (64, 48))
    assert near(picture.crop((4, 4, 28, 20)), made.RED)
    assert await imaging.poster(film.replace(b"av01", b"avc1")) is None


async def test_nothing_runs_before_the_first_picture_and_after_the_end() -> None:
    imaging = Imaging()

    before = imaging.processes
    await imaging.probe(made.saved(made.grid(8, 8), "PNG"))
    (process,) = imaging.processes
    await imaging.close()

    assert before == imaging.processes == []
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_a_killed_worker_is_replaced(imaging: Imaging) -> None:
    data = made.saved(made.grid(8, 8), "PNG")
    await imaging.probe(data)

    for process in imaging.processes:
        os.kill(process, signal.SIGKILL)
    size = await imaging.probe(data)

    assert size.width == 8


async def test_a_picture_that_takes_too_long_is_given_up_with_its_worker() -> None:
    imaging = Imaging(replace(Limits(), seconds=5))
    data = made.saved(made.grid(8, 8), "PNG")
    await imaging.probe(data)
    (stuck,) = imaging.processes
    os.kill(stuck, signal.SIGSTOP)

    with pytest.raises(TookTooLong):
        await imaging.probe(data, replace(imaging.limits, seconds=0.1))

    assert (await imaging.probe(data)).width == 8
    assert stuck not in imaging.processes
    await imaging.close()
    with pytest.raises(ProcessLookupError):
        os.kill(stuck, 0)


async def test_a_caller_who_leaves_takes_the_work_along() -> None:
    imaging = Imaging()
    data = made.saved(made.grid(8, 8), "PNG")
    await imaging.probe(data)
    (stuck,) = imaging.processes
    os.kill(stuck, signal.SIGSTOP)

    with anyio.move_on_after(0.05):
        await imaging.probe(data)

    assert (await imaging.probe(data)).width == 8
    assert stuck not in imaging.processes
    await imaging.close()


async def test_a_worker_has_only_so_much_memory_and_none_of_our_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MJGATE_SECRET_KEY", "never to be seen by a decoder")
    poor = Imaging(Limits(memory=96 << 20))
    large = made.saved(Image.new("RGB", (6_000, 6_000)), "PNG")

    with pytest.raises(TookTooLong):
        await poor.cut(large)
    worlds = [anyio.Path(f"/proc/{process}/environ") for process in poor.processes]

    assert [b"SECRET" in await world.read_bytes() for world in worlds] == [False]
    await poor.close()


async def test_many_pictures_at_once_share_few_processes(imaging: Imaging) -> None:
    data = made.saved(made.grid(64, 64), "PNG")
    cut: list[int] = []

    async def one() -> None:
        cut.append(len(await imaging.cut(data)))

    async with anyio.create_task_group() as all_at_once:
        for _ in range(20):
            all_at_once.start_soon(one)

    assert cut == [4] * 20
    assert len(imaging.processes) <= 2


async def test_jobs_under_way_at_the_end_are_given_up() -> None:
    imaging = Imaging()
    data = made.saved(made.grid(8, 8), "PNG")
    await imaging.probe(data)
    os.kill(imaging.processes[0], signal.SIGSTOP)
    told: list[type[BadPicture]] = []

    async def asking() -> None:
        try:
            await imaging.probe(data)
        except BadPicture as bad:
            told.append(type(bad))

    async with anyio.create_task_group() as both:
        both.start_soon(asking)
        both.start_soon(asking)
        await anyio.lowlevel.checkpoint()
        both.start_soon(imaging.close)

    assert told == [TookTooLong, TookTooLong]
    assert imaging.processes == []
