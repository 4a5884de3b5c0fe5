"""Light by the hour: sky from the horizon up, the sun, the haze and the colour of shadows."""

from dataclasses import dataclass

from mjgate.sandbox.draw.colour import Rgb, rgb


@dataclass(frozen=True, slots=True)
class Light:
    """The colours an hour gives to everything."""

    sky: tuple[Rgb, ...]
    """From the horizon to the top."""
    sun: Rgb
    """What it lights."""
    shade: Rgb
    """What the sky lights."""
    haze: Rgb
    cloud: Rgb
    under: Rgb
    """The dark side of clouds."""
    power: float = 1.0
    """How bright the ground is."""
    height: tuple[float, float] = (0.1, 0.3)
    """How far the sun or moon stands over the horizon."""
    night: bool = False


_TABLE = """
dawn|ffe3bd f9c4ac d7a6bd 93a0cf 5f82ba|ffdcb0 8f92bd f2c9b8 ffdcc8 a58fb4|0.92 0.03 0.12
dawn|fff0d2 f6d3c0 c8c0d8 8fb0da 5a8ac4|ffe8c4 8fa5c8 efd9cf fff0e2 a3a5c6|0.97 0.05 0.14
dawn|ffd0a0 f2a08f b885ac 6d75b2 3d5490|ffcf9a 7a7aac e0a8a4 ffc9b0 8a709f|0.85 0.02 0.09
dawn|fbe6d8 f3c9d0 cbb3d9 9aa5dc 7088c8|ffe0d6 9a9cc8 eccfda ffe4e4 a79ac6|0.95 0.04 0.12
morning|f6f1dc d3e6ea 9fcbe8 66a5d8 3f7dbd|fff3d4 8fb1cf dfe9ea ffffff a9bccd|1.02 0.16 0.32
morning|fdf0cf dcebdc a5d2df 6cb2d6 4189b8|fff0c4 8fb5bd e6ecdc fffdf0 a6bfc4|1.02 0.12 0.28
morning|fff1e0 e4e0ea a9bfe6 7197d6 4a70ba|ffeeda 95a6cf e6e2ea fff8f4 aab0d0|1.00 0.14 0.30
morning|eef3e6 c5e6ea 8ed0e4 50a9d2 2b7fb4|fff8d8 88b4c4 d6ebea ffffff 9fc0cc|1.04 0.18 0.34
noon|dfeff5 b5d9f0 77b8e8 3f8dd4 2267b4|fff8e6 86aed0 cfe4ef ffffff a4bdd4|1.08 0.34 0.50
noon|e8f2ec bfe3e6 82c8e0 459fcd 1f74ad|fffbe2 84b6c2 d6ebe8 ffffff 9fc3cb|1.10 0.32 0.48
noon|f2eee2 c8dcea 8fbbe4 5590d2 2e66b2|fff4da 8faacd dde3e8 fffdf6 adb8d0|1.06 0.30 0.46
noon|d5ecf7 9fd0f2 5ca8e6 2a7acb 1656a6|fffaf0 7ba6d0 c3dff0 ffffff 97b6d6|1.10 0.36 0.52
sunset|ffd777 ffa45c ea6a5e 94507f 363066|ffb469 6a5590 f0946a ffb27a 8a4a74|0.86 0.03 0.13
sunset|ffe0a3 ffb782 ee8a86 a774a4 57599c|ffc688 7a70a8 f2b090 ffcfa4 a06a90|0.92 0.06 0.17
sunset|ffc95c ff8e4a dd5252 7c3a66 25204e|ffa24e 5a4478 e27c58 ff9c60 6e3a62|0.80 0.02 0.10
sunset|ffe2b8 fdb0a0 e0809c 8f62a8 42458c|ffc09a 7468ac ee9fa2 ffc0b4 935f9c|0.88 0.04 0.14
dusk|f6b18a d0798a 86559a 453f86 1d2355|e59a86 5a4f8c a8719a d9899a 5a3f78|0.62 -0.02 0.05
dusk|f3c5a0 c99aa2 8877ac 4d5898 232f66|e8b295 64659c ab8fac dba6a8 5f5788|0.66 -0.02 0.06
dusk|ec9a74 b2607c 693f84 332f6c 151a42|dd8672 4c4178 8a5580 c06f84 4a2f64|0.55 -0.03 0.04
dusk|e7b8bf b78fb6 7f70b0 495298 202a62|d8a4b4 5f5f9c a087b2 c79ab8 584f8c|0.62 -0.02 0.05
blue hour|c3b4c8 7f95c4 4f72b2 2d4f92 16305f|aab4dc 4a659e 7f97c4 9aa8d0 3f5a92|0.55 -0.04 0.02
blue hour|e0bfae 8f9cc0 5578b0 2b508f 122b58|c4b4c8 44649c 8197bc a3abc8 3a568c|0.55 -0.04 0.02
blue hour|9fc0d4 6292bf 3c6ca6 224a82 0e2850|9cbcd8 3f6696 6a96bc 86a8cc 325888|0.50 -0.04 0.02
blue hour|b7a3d0 7d80c4 5260ac 323f88 171f55|a9a4dc 4a5498 7a80c0 9498d0 3f488c|0.52 -0.04 0.02
night|3a5580 263f6e 172a55 0d1b3d 070f26|a9bfe8 2a416e 2c456f 5b7096 1a2b50|0.34 0.34 0.55
night|2f5a6e 1d4560 122f4d 0b1d38 060f22|a8d0dc 25485f 26505f 547f8e 173348|0.34 0.30 0.52
night|54487f 3a3470 252458 15163d 0a0a26|c0b4ec 383468 403a70 6d659a 242250|0.34 0.34 0.55
night|304a70 1c3058 101f42 09132e 04081c|b8c8e4 22365e 223858 4d6088 13203f|0.30 0.30 0.50
vapor|ff9ad0 e85ac0 9a3fc0 4a2a96 1a1250|ffb0d8 7a4fd0 d85ac8 ff9ad8 6a3ab0|0.85 0.08 0.14
vapor|ffc0a8 ff6fb0 b04ad0 4f35b0 1c1660|ffc8b0 6a5ae0 e070c8 ffb0d0 7040b8|0.85 0.08 0.14
vapor|a0f0ff 6ab0f0 7a6ae0 5a35b8 22125c|ffc0f0 6a6ae0 90a0f0 d8b0ff 5a48b8|0.85 0.08 0.14
vapor|ffd08a ff7a8a c8459a 602a90 1e1050|ffd0a0 7a48c0 f07aa0 ffb090 702f98|0.85 0.08 0.14
storm|a9b0a8 7d8a8c 59676f 3d4a56 262f3c|cfd4c4 55656f 8a9694 8f9a9c 2f3a46|0.56 0.20 0.35
storm|c9b99a 8f8e84 606a70 3c4856 222c3a|e0cfa2 525f6a 9a958a a09c90 2c3542|0.60 0.12 0.25
storm|8fa3a0 64807f 466067 2f444f 1b2934|bcd0c4 446066 6f8988 77908c 253a42|0.50 0.20 0.35
storm|a49ab0 787490 565672 3b3c58 22243c|cabcd0 555474 837e98 8c84a0 2e2f4a|0.54 0.20 0.35
grey|e6e6e0 d3d7d6 bcc5c9 a3b0b8 8c9ba6|f2eee4 96a5ae dcdfdc f0f0ec aab4ba|0.86 0.25 0.40
grey|efe5d6 dcd5cc c2c3c4 a5acb3 8b96a2|f8eed8 9ba3ac e2dcd2 f6efe4 b0b0b4|0.88 0.18 0.32
grey|dbe4e4 c2d2d5 a8bfc6 8ea9b4 7794a2|eaf0ea 8ca4ae ccdadb eaf0f0 9fb2ba|0.84 0.25 0.40
grey|e4e0ea cdcbda b4b5ca 999eb8 8088a6|f0e9f0 989dba d6d2e0 efebf4 aaaac4|0.86 0.22 0.36
"""
"""Hour; sky from the horizon up; sun, shade, haze, cloud, under; power; lowest and highest sun."""


def _colours(words: str) -> tuple[Rgb, ...]:
    return tuple(rgb(f"#{word}") for word in words.split())


def _hours() -> dict[str, tuple[Light, ...]]:
    found: dict[str, tuple[Light, ...]] = {}
    for row in filter(None, _TABLE.splitlines()):
        hour, sky, lights, numbers = (cell.strip() for cell in row.split("|"))
        sun, shade, haze, cloud, under = _colours(lights)
        power, low, high = map(float, numbers.split())
        tall, night = (low, high), hour == "night"
        light = Light(_colours(sky), sun, shade, haze, cloud, under, power, tall, night)
        found[hour] = (*found.get(hour, ()), light)
    return found


HOURS = _hours()
"""Four lights for every hour."""

ORDER = ("noon", "sunset", "morning", "dusk", "dawn", "blue hour")
"""Hours that are tried when the prompt names none."""
