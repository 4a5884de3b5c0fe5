"""What is decoded, and only in a worker: small pictures, the quarters of a grid, first frames."""

import io
import math
from typing import Final

from PIL import Image, ImageOps

from mjgate.domain.image import sniff
from mjgate.imaging import film, gif, jpeg, png, webp
from mjgate.imaging.errors import NotAPicture
from mjgate.imaging.sizes import Limits, Margins, Size, Thumbnail

_FORMATS: Final = {
    "image/png": ("PNG", png),
    "image/jpeg": ("JPEG", jpeg),
    "image/webp": ("WEBP", webp),
    "image/gif": ("GIF", gif),
}

_GREY: Final = (128, 128, 128)
_WHITE: Final = 255
_BLACK: Final = 0


def measured(data: bytes, limits: Limits) -> Size:
    """What the head says, if that may be decoded. NotAPicture, TooManyPixels."""
    kind = sniff(data[:16])
    if kind is None:
        raise NotAPicture
    size = _FORMATS[kind][1].measure(data)
    limits.check(size)
    return size


def stripped(data: bytes, limits: Limits) -> bytes:
    """The same picture without what it tells of its maker; nothing is encoded again."""
    return _FORMATS[measured(data, limits).type][1].strip(data)


def is_turned(bare: bytes) -> bool:
    """Whether what was stripped, a single picture, has another side up than its pixels."""
    with Image.open(io.BytesIO(bare)) as picture:
        return "exif" in picture.info and getattr(picture, "n_frames", 1) == 1


def upright(bare: bytes, limits: Limits) -> bytes:
    """The same picture with its pixels as they are seen, and no EXIF at all."""
    kind = measured(bare, limits).type
    with _opened(bare, limits) as picture:
        return _encoded(ImageOps.exif_transpose(picture), kind, bare)


def thumbnail(data: bytes, size: Thumbnail, limits: Limits) -> bytes:
    """A small WebP, upright, never larger than the original."""
    with _opened(data, limits) as picture:
        picture.draft("RGB", (size.edge * 2, size.edge * 2))
        small = _plain(picture)
        small.thumbnail((size.edge, size.edge), Image.Resampling.LANCZOS, reducing_gap=3.0)
        ImageOps.exif_transpose(small, in_place=True)
        return _saved(small, "WEBP", quality=75, method=4)


def cut(data: bytes, limits: Limits) -> list[bytes]:
    """The four quarters of a 2 x 2 grid: upper left, upper right, lower left, lower right."""
    kind = measured(data, limits).type
    with _opened(data, limits) as grid:
        wide, high = grid.size
        if wide < 2 or high < 2:  # noqa: PLR2004  a pixel each
            raise NotAPicture("The picture is too small to be cut.")
        x, y = wide // 2, high // 2
        quarters = [(0, 0, x, y), (x, 0, wide, y), (0, y, x, high), (x, y, wide, high)]
        return [_encoded(grid.crop(box), kind, data) for box in quarters]


def widen(data: bytes, margins: Margins, limits: Limits) -> list[bytes]:
    """The picture with room around it, no more pixels than before, and a mask of that room."""
    with _opened(data, limits) as picture:
        inner = ImageOps.exif_transpose(picture.convert("RGB"))
    full = inner.width + inner.width * (margins.left + margins.right) // 100
    tall = inner.height + inner.height * (margins.top + margins.bottom) // 100
    scale = math.sqrt(inner.width * inner.height / (full * tall))
    corner = inner.width * margins.left // 100, inner.height * margins.top // 100
    x, y = (int(each * scale) for each in corner)
    inner = inner.resize((max(int(inner.width * scale), 1), max(int(inner.height * scale), 1)))
    sheet = Image.new("RGB", (max(int(full * scale), 1), max(int(tall * scale), 1)), _GREY)
    mask = Image.new("L", sheet.size, _WHITE)
    sheet.paste(inner, (x, y))
    mask.paste(_BLACK, (x, y, x + inner.width, y + inner.height))
    return [_saved(sheet, "PNG", compress_level=3), _saved(mask, "PNG")]


def poster(data: bytes, limits: Limits) -> bytes | None:
    """The first frame of a film as a JPEG; None where it cannot be had."""
    pictures = film.as_pictures(data)
    if pictures is None:
        return None
    try:
        with Image.open(io.BytesIO(pictures), formats=["AVIF"]) as frames:
            limits.check(Size(frames.width, frames.height, "image/avif"))
            return _saved(frames.convert("RGB"), "JPEG", quality=90)
    except (OSError, SyntaxError, ValueError):
        return None


def _opened(data: bytes, limits: Limits) -> Image.Image:
    """The picture, its pixels not yet decoded; its head was looked at by ourselves before."""
    kind = measured(data, limits).type
    return Image.open(io.BytesIO(data), formats=[_FORMATS[kind][0]])


def _plain(picture: Image.Image) -> Image.Image:
    """In a form that can be made smaller smoothly."""
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _encoded(part: Image.Image, kind: str, original: bytes) -> bytes:
    """A picture made from another one, in its format and as exact as that."""
    match kind:
        case "image/png":
            return _saved(part, "PNG", compress_level=3)
        case "image/gif":
            return _saved(part, "GIF")
        case "image/webp" if webp.is_lossless(original):
            return _saved(part, "WEBP", lossless=True, exact=True)
        case "image/webp":
            return _saved(part, "WEBP", quality=95, method=4)
        case _:
            return _saved(part, "JPEG", quality=95, subsampling=0)


def _saved(picture: Image.Image, form: str, **options: int) -> bytes:
    """The picture as a file; of what came with it only its colours go along."""
    profile = picture.info.get("icc_profile")
    for name in picture.info.keys() - {"transparency"}:
        del picture.info[name]
    file = io.BytesIO()
    picture.save(file, form, icc_profile=profile, **options)
    return file.getvalue()
