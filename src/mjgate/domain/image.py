"""Images in requests: base64 or an address; the type is read from the bytes, never believed."""

import binascii
from dataclasses import dataclass
from typing import Final

from mjgate.domain.errors import BadAddress, BadImage

ADDRESS_MOST: Final = 2_000
"""Characters of an image address."""

_PADDING: Final = "= \t\r\n"
_SLICE: Final = 256 * 1024
_URL_ALPHABET: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of an image, with the type that they show."""

    data: bytes
    type: str


def sniff(head: bytes) -> str | None:
    """The media type that the first bytes show; None if it is none of ours."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "image/gif"
    return None


def read_image(text: str, field: str) -> Picture | str:
    """Bytes from base64 (with or without `data:`), or the address. BadImage, BadAddress."""
    text = text.strip()
    if text[:8].lower().startswith(("http://", "https://")):
        if len(text) > ADDRESS_MOST:
            msg = f"{field}: an address may have at most {ADDRESS_MOST} characters."
            raise BadAddress(msg, field=field)
        return text
    encoded = text.partition(",")[2] if text[:5].lower() == "data:" else text
    try:
        data = _decode(encoded)
    except ValueError as error:
        msg = f"{field} is neither base64 nor an http address."
        raise BadImage(msg, field=field) from error
    kind = sniff(data)
    if kind is None:
        msg = f"{field} is not a PNG, JPEG, WebP or GIF."
        raise BadImage(msg, field=field)
    return Picture(data, kind)


def _decode(encoded: str) -> bytes:
    """
    Decode base64, also with line breaks, without padding or in its URL alphabet. ValueError.

    Slice by slice: one call for a picture of 20 MB would let no other thread run meanwhile.
    """
    encoded = encoded.rstrip(_PADDING)
    if "=" in encoded:
        raise ValueError("padding in the middle")
    data, rest = bytearray(), ""
    for start in range(0, len(encoded), _SLICE):
        plain = "".join(encoded[start : start + _SLICE].split()).translate(_URL_ALPHABET)
        rest += plain
        whole = len(rest) - len(rest) % 4
        data += binascii.a2b_base64(rest[:whole], strict_mode=True)
        rest = rest[whole:]
    data += binascii.a2b_base64(rest + "=" * (-len(rest) % 4), strict_mode=True)
    return bytes(data)
