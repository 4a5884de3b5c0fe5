"""Pictures that tests send: good ones, ones that tell too much, and bombs."""

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 40), (30, 60, 220), (240, 240, 240)
QUARTERS = (RED, GREEN, BLUE, WHITE)
PLACE = b"Somewhere private"


def grid(width: int, height: int) -> Image.Image:
    """Four colours, 1-2 above and 3-4 below."""
    picture = Image.new("RGB", (width, height))
    x, y = width // 2, height // 2
    for colour, corner in zip(QUARTERS, ((0, 0), (x, 0), (0, y), (x, y)), strict=True):
        picture.paste(colour, (*corner, width if corner[0] else x, height if corner[1] else y))
    return picture


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def telling(form: str, *, turn: int = 1) -> bytes:
    """A picture that says where it was made, in every way that its format has."""
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010E] = PLACE.decode()
    exif.get_ifd(0x8825)[1] = "N"
    picture = grid(40, 24)
    xmp = b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>"
    match form:
        case "PNG":
            texts = PngImagePlugin.PngInfo()
            texts.add_text("Description", PLACE.decode())
            texts.add_itxt("XML:com.adobe.xmp", PLACE.decode())
            return saved(picture, form, exif=exif, pnginfo=texts) + PLACE
        case "GIF":
            return saved(picture, form, comment=PLACE) + PLACE
        case "JPEG":
            return saved(picture, form, exif=exif, xmp=xmp, comment=PLACE, quality=90) + PLACE
        case _:
            return saved(picture, form, exif=exif, xmp=xmp, lossless=True) + PLACE


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", check)


def png_bomb(width: int, height: int, *, frames: int = 0) -> bytes:
    """A small file that says it is huge, and would be: zeros, well packed."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    film = chunk(b"acTL", struct.pack(">II", frames, 0)) if frames else b""
    pixels = chunk(b"IDAT", zlib.compress(bytes(1_000_000), 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + film + pixels + chunk(b"IEND", b"")


def gif_bomb(width: int, height: int, *, frames: int = 1, reach: int = 0) -> bytes:
    """A GIF of a large screen, or of frames that reach beyond it."""
    frame = b"\x2c" + struct.pack("<4HB", reach, reach, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return screen + frame * frames + b";"


def webp_bomb(width: int, height: int, *, frames: int = 1, canvas: int = 0) -> bytes:
    """A WebP of a large canvas, or of a small one with larger pictures in it."""
    still = saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True)[12:]
    lie = bytearray(still)
    struct.pack_into("<I", lie, 9, (width - 1) | (height - 1) << 14)
    sides = (canvas or width, canvas or height)
    three = [(side - 1).to_bytes(3, "little") for side in sides]
    film = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + b"".join(three)
    frame = b"\0" * 6 + b"\x07\0\0\x07\0\0" + b"\x0a\0\0\0" + bytes(still)
    one = b"ANMF" + struct.pack("<I", len(frame)) + frame + b"\0" * (len(frame) % 2)
    body = bytes(lie) if frames == 1 else film + b"ANIM\x06\0\0\0" + bytes(6) + one * frames
    if frames == 1 and canvas:
        body = film.replace(b"\x02\0\0\0", b"\0\0\0\0", 1) + bytes(lie)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def jpeg_bomb(width: int, height: int) -> bytes:
    """A JPEG whose head says that it is huge."""
    data = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", data, at, height, width)
    return bytes(data)
