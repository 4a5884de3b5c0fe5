"""Heights of the land, each kind with its own forms."""

from dataclasses import dataclass

import numpy as np

from mjgate.sandbox.draw.canvas import Field, blur, smooth
from mjgate.sandbox.draw.noise import dice, sample, texture

_SIZE = 512


@dataclass(frozen=True)
class Relief:
    """A repeating map of heights, and what lies on top of it."""

    heights: Field
    span: float
    """World units from one repeat to the next."""
    lift: float
    """World height of the highest place of the map."""
    sun: tuple[float, float, float]
    """Direction to the sun: x, up, z."""
    kind: str
    seed: int
    peak: tuple[float, float, float, float] | None = None
    """A single mountain: x, z, radius, height."""

    def height(self, across: Field, depth: Field) -> Field:
        """World height at places."""
        turn = np.float32(1.0 / self.span)
        base = sample(self.heights, across * turn, depth * turn)
        tall = base * np.float32(self.lift) * self._rise(across, depth)
        if self.peak is not None:
            tall = tall * 0.5 + self._cone(across, depth)
        return tall + self._sink(across, depth)

    def _rise(self, across: Field, depth: Field) -> Field:
        """Mountains stand back, plains lie in front."""
        if self.kind in {"mountains", "volcano", "fuji", "lake", "forest"}:
            return 0.08 + 0.92 * smooth(3.0, 20.0, depth)
        if self.kind == "canyon":
            # a plain in the middle, walls to the sides
            return 0.12 + 0.88 * smooth(1.2, 6.5, np.abs(across) + 0.25 * depth)
        if self.kind == "mars":
            return 0.15 + 0.85 * smooth(3.0, 20.0, depth)
        # Nothing may stand right before the viewer's eyes.
        return 0.2 + 0.8 * smooth(0.8, 4.0, depth)

    def _sink(self, across: Field, depth: Field) -> Field | float:
        """Where there is water, the land goes under it near the camera."""
        if self.kind in {"lake", "fuji"}:
            shore = 9.0 + 3.0 * (sample(self.heights, across * 0.05 + 0.3, depth * 0.02) - 0.5)
            return -0.9 * (1.0 - smooth(0.55, 1.15, depth / shore)) - 0.06
        if self.kind == "island":
            return -0.62 * self.lift
        if self.kind == "river":
            bend = np.sin(depth * 0.33 + self.seed % 7) * 1.5 * smooth(1.0, 9.0, depth)
            bed = np.exp(-(((across - bend) / (0.5 + 0.03 * depth)) ** 4))
            return 0.12 - bed * 1.5
        return 0.0

    def _cone(self, across: Field, depth: Field) -> Field:
        x, z, radius, high = self.peak or (0.0, 1.0, 1.0, 0.0)
        far = np.sqrt((across - x) ** 2 + (depth - z) ** 2) / radius
        rough = sample(self.heights, across * 0.08, depth * 0.08) - 0.5
        cone = np.exp(-2.6 * far) * (1.0 + 0.25 * rough)
        return np.float32(high) * np.minimum(cone, 0.80 + 0.06 * rough)

    def shade(self, across: Field, depth: Field) -> tuple[Field, Field, Field]:
        """Sunlight, steepness and openness at places."""
        step = np.clip(depth * np.float32(0.006), 0.02, 0.4)
        here = self.height(across, depth)
        east = (self.height(across + step, depth) - here) / step
        north = (self.height(across, depth + step) - here) / step
        length = 1.0 / np.sqrt(east * east + north * north + 1.0)
        x, up, z = self.sun
        lambert = np.clip((up - east * x - north * z) * length, 0.0, 1.0)
        turn = np.float32(1.0 / self.span)
        shadow, view = _maps(self)
        sunny = 1.0 - sample(shadow, across * turn, depth * turn)
        return lambert * sunny, 1.0 - length, sample(view, across * turn, depth * turn)


def _maps(relief: Relief) -> tuple[Field, Field]:
    """Cast shadows and openness of the repeating map."""
    field = relief.heights
    cell = relief.span / _SIZE
    x, up, z = relief.sun
    flat = max(0.05, (x * x + z * z) ** 0.5)
    shadow = np.zeros_like(field)
    for k in range(1, 15):
        reach = 0.12 * k * k**0.5
        shift = (-round(z / flat * reach / cell), -round(x / flat * reach / cell))
        over = np.roll(field, shift, axis=(0, 1)) * relief.lift - reach * up / flat
        shadow = np.maximum(shadow, smooth(0.0, 0.12 * relief.lift, over - field * relief.lift))
    hollow = blur(field, 7) - field
    return blur(shadow, 1.2) * 0.85, np.clip(0.9 - hollow * 3.5, 0.25, 1.0)


def relief(kind: str, seed: int, sun: tuple[float, float, float]) -> Relief:
    """The land of one kind."""
    roll = dice("relief", kind, seed)
    if kind in {"volcano", "fuji"}:
        peak = (float(roll.uniform(-3, 3)), 17.0, 9.0, float(roll.uniform(7.5, 9.0)))
        return Relief(_alpine(seed), 20.0, 2.0, sun, kind, seed, peak)
    maker, span, lift = {
        "mountains": (_alpine, 26.0, 6.0),
        "lake": (_alpine, 24.0, 5.2),
        "forest": (_soft, 14.0, 2.2),
        "hills": (_soft, 9.0, 1.05),
        "field": (_soft, 16.0, 0.7),
        "river": (_soft, 9.0, 0.9),
        "desert": (_dunes, 9.0, 1.15),
        "canyon": (_mesas, 16.0, 4.2),
        "island": (_islands, 19.0, 3.4),
        "mars": (_craters, 14.0, 1.9),
    }.get(kind, (_soft, 12.0, 0.9))
    return Relief(maker(seed), span, lift * float(roll.uniform(0.85, 1.15)), sun, kind, seed)


def _even(field: Field) -> Field:
    low, high = float(field.min()), float(field.max())
    return (field - low) / max(high - low, 1e-6)


def _alpine(seed: int) -> Field:
    """Ridges over ridges, worn less where it is steep."""
    total = np.zeros((_SIZE, _SIZE), dtype=np.float32)
    weight = np.ones_like(total)
    for k in range(6):
        layer = texture(seed + 11 * k, _SIZE, cells=4 * 2**k, most=1, gain=0.0) * 1.0
        ridge = 1.0 - np.abs(2.0 * (layer - 0.5) / 1.7)
        ridge = ridge * ridge
        total += ridge * weight * np.float32(0.5**k)
        weight = np.clip(ridge * 1.6, 0.0, 1.0)
    return _even(total) ** np.float32(1.25)


def _soft(seed: int) -> Field:
    return _even(texture(seed, _SIZE, cells=4, gain=0.36, most=6))


def _dunes(seed: int) -> Field:
    """Long crests, gentle to windward and steep to lee."""
    warp = texture(seed + 5, _SIZE, cells=3, gain=0.4, most=4)
    steps = np.arange(_SIZE, dtype=np.float32) / _SIZE
    phase = (steps[:, None] * 3 + steps[None, :] * 2 + (warp - 0.5) * 1.9) % 1.0
    crest = np.where(phase < 0.72, phase / 0.72, (1.0 - phase) / 0.28)
    crest = crest * crest * (3 - 2 * crest)
    return _even(
        blur(np.pad(crest, 16, mode="wrap"), 2.0)[16:-16, 16:-16] * 0.8
        + 0.9 * texture(seed, _SIZE, cells=3, most=3)
    )


def _mesas(seed: int) -> Field:
    """Terraces with steep walls."""
    raw = _even(texture(seed, _SIZE, cells=4, gain=0.5, most=7))
    steps = raw * 5.0
    floor = np.floor(steps)
    return _even((floor + smooth(0.72, 0.98, steps - floor)) / 5.0 + raw * 0.12)


def _islands(seed: int) -> Field:
    blocks = smooth(0.42, 0.78, _even(texture(seed + 3, _SIZE, cells=3, most=3)))
    return _even(blocks * (0.4 + 0.8 * _alpine(seed)))


def _craters(seed: int) -> Field:
    ground = texture(seed, _SIZE, cells=4, gain=0.5)
    roll = dice("craters", seed)
    steps = np.arange(_SIZE, dtype=np.float32) / _SIZE
    for _ in range(26):
        radius = float(roll.uniform(0.015, 0.07))
        x, y = float(roll.random()), float(roll.random())
        dx = np.abs(steps[None, :] - x)
        dy = np.abs(steps[:, None] - y)
        far = np.sqrt(np.minimum(dx, 1 - dx) ** 2 + np.minimum(dy, 1 - dy) ** 2) / radius
        ring = np.exp(-(((far - 1.0) / 0.22) ** 2)) * 0.16 - np.exp(-((far / 0.8) ** 4)) * 0.2
        ground = ground + ring * (radius / 0.05)
    return _even(ground)
