"""Changes of light: through coloured glass, turned, mixed, drawn towards a reference."""

from dataclasses import replace

from mjgate.sandbox.draw import colour
from mjgate.sandbox.draw.colour import Rgb
from mjgate.sandbox.draw.hours import Light


def tinted(light: Light, tint: Rgb, amount: float) -> Light:
    """The same light through a coloured glass, the lightness kept."""

    def through(one: Rgb) -> Rgb:
        grey = colour.luma(one)
        key = colour.luma(tint) + 0.08
        strong = tuple(min(1.0, channel * grey / key) for channel in tint)
        washed = colour.blend((strong[0], strong[1], strong[2]), (grey, grey, grey), 0.12)
        return colour.blend(one, washed, amount)

    return replace(
        light,
        sky=tuple(through(stop) for stop in light.sky),
        sun=colour.blend(light.sun, through(light.sun), 0.7),
        shade=through(light.shade),
        haze=through(light.haze),
        cloud=colour.blend(light.cloud, through(light.cloud), 0.7),
        under=through(light.under),
    )


def turned(light: Light, degrees: float, chroma: float) -> Light:
    """The same light with all its hues turned a little."""

    def turn(one: Rgb) -> Rgb:
        return colour.turned(one, degrees, chroma)

    return replace(
        light,
        sky=tuple(turn(stop) for stop in light.sky),
        sun=turn(light.sun),
        shade=turn(light.shade),
        haze=turn(light.haze),
        cloud=turn(light.cloud),
        under=turn(light.under),
    )


def mixed(one: Light, other: Light, t: float) -> Light:
    """Between two lights; where the sun stands is the first one's."""

    def between(a: Rgb, b: Rgb) -> Rgb:
        return colour.blend(a, b, t)

    return replace(
        one,
        sky=tuple(between(a, b) for a, b in zip(one.sky, other.sky, strict=True)),
        sun=between(one.sun, other.sun),
        shade=between(one.shade, other.shade),
        haze=between(one.haze, other.haze),
        cloud=between(one.cloud, other.cloud),
        under=between(one.under, other.under),
        power=one.power + (other.power - one.power) * t,
    )


def referred(light: Light, colours: tuple[Rgb, ...], weight: float) -> Light:
    """The light drawn towards a reference picture: its bright colours low, its dark ones high."""
    ranked = sorted(colours, key=colour.luma, reverse=True) or [light.haze]
    count = len(light.sky)

    def at(k: float) -> Rgb:
        return ranked[min(len(ranked) - 1, int(k * len(ranked)))]

    sky = tuple(colour.blend(stop, at(k / count), weight) for k, stop in enumerate(light.sky))
    return replace(
        light,
        sky=sky,
        sun=colour.blend(light.sun, at(0.0), weight * 0.6),
        shade=colour.blend(light.shade, at(0.7), weight),
        haze=colour.blend(light.haze, at(0.3), weight),
        cloud=colour.blend(light.cloud, at(0.1), weight * 0.7),
        under=colour.blend(light.under, at(0.6), weight),
    )
