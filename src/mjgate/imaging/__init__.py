"""
Pictures: measured, stripped, made small and cut, and never decoded in the gateway itself.

Foreign bytes are taken apart in processes of their own, with a bound on memory and time and
without any of our secrets. Before a pixel is decoded, the head of the file has told how many there
will be. The processes start with the first picture and end soon after the last.
"""

from typing import Final

from mjgate.imaging import errors
from mjgate.imaging.errors import BadPicture, NotAPicture, TookTooLong, TooManyPixels
from mjgate.imaging.pool import Pool
from mjgate.imaging.sizes import Limits, Margins, Size, Thumbnail
from mjgate.imaging.wire import Done, Job

__all__ = [
    "BadPicture",
    "Imaging",
    "Limits",
    "Margins",
    "NotAPicture",
    "Size",
    "Thumbnail",
    "TooManyPixels",
    "TookTooLong",
]

WORKERS: Final = 2
"""Processes that decode; one more looks at heads, so that no submit waits behind an archive."""

_USUAL: Final = Limits()
_NO_MARGINS: Final = Margins()


class Imaging:
    """What may be asked about a picture. Every method raises BadPicture, in one of its forms."""

    def __init__(self, limits: Limits = _USUAL, *, workers: int = WORKERS) -> None:
        self.limits = limits
        self._heads = Pool(1)
        self._pixels = Pool(workers)

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes that are at work or wait for it."""
        return self._heads.processes + self._pixels.processes

    async def close(self) -> None:
        """End the processes; what they were at is given up as if it had taken too long."""
        await self._heads.close()
        await self._pixels.close()

    async def probe(self, data: bytes, limits: Limits | None = None) -> Size:
        """Pixels, type and frames as the head tells them; nothing is decoded."""
        done = await self._asked(self._heads, "probe", data, limits=limits)
        if done.size is None:
            raise NotAPicture
        return done.size

    async def strip(self, data: bytes, limits: Limits | None = None) -> bytes:
        """
        The same picture without EXIF, places, XMP, texts and comments.

        Nothing is encoded again, unless EXIF says that another side is up: then the pixels are
        turned, so that it looks the same without. What stands behind the end of the file is cut
        off. Within the bounds of `probe`.
        """
        done = await self._asked(self._heads, "strip", data, limits=limits)
        if done.turned:
            done = await self._asked(self._pixels, "turn", done.parts[0], limits=limits)
        return done.parts[0]

    async def thumbnail(self, data: bytes, size: Thumbnail) -> bytes:
        """
        A WebP whose longer side has at most `size.edge` pixels; of a film of pictures the first.

        It is upright, and never larger than the original.
        """
        return (await self._asked(self._pixels, "thumbnail", data, size=size)).parts[0]

    async def cut(self, data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
        """
        The quarters of a 2 x 2 grid of any shape, 1-2 above and 3-4 below, in the same format.

        Lossless where the grid is, else JPEG or WebP of high quality. Where a side is odd, the
        lower or right quarter has the pixel more.
        """
        one, two, three, four = (await self._asked(self._pixels, "cut", data)).parts
        return one, two, three, four

    async def widen(self, data: bytes, margins: Margins) -> tuple[bytes, bytes]:
        """
        A PNG of the picture with room around it, and a mask of that room: white on black.

        Made smaller, so that it has no more pixels than before.
        """
        sheet, mask = (await self._asked(self._pixels, "widen", data, margins=margins)).parts
        return sheet, mask

    async def poster(self, film: bytes) -> bytes | None:
        """The first frame of an MP4 as a JPEG; None where it cannot be had (all but AV1)."""
        parts = (await self._asked(self._pixels, "poster", film)).parts
        return parts[0] if parts else None

    async def _asked(
        self,
        pool: Pool,
        name: str,
        data: bytes,
        *,
        size: str = "",
        margins: Margins = _NO_MARGINS,
        limits: Limits | None = None,
    ) -> Done:
        done = await pool.do(Job(name, limits or self.limits, data, size, margins))
        if done.error:
            raise _ERRORS.get(done.error, NotAPicture)(done.text)
        return done


_ERRORS: Final[dict[str, type[BadPicture]]] = {
    kind.__name__: kind for kind in (errors.NotAPicture, errors.TooManyPixels, errors.TookTooLong)
}
