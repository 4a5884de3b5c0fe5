"""A scene, and the four looks of it: everything that is decided before a pixel is painted."""

import json
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache

import numpy as np

from mjgate.sandbox.draw import colour, palettes
from mjgate.sandbox.draw.brief import Brief, Thing, brief
from mjgate.sandbox.draw.colour import Rgb
from mjgate.sandbox.draw.hours import HOURS, ORDER, Light
from mjgate.sandbox.draw.noise import dice, seeded

_NUDGE = {"subtle": 0.12, "normal": 0.35, "strong": 0.8}


@dataclass(frozen=True, slots=True)
class Step:
    """One round of variations: of which take, how far, and its seed."""

    take: int
    strength: str
    seed: int


@dataclass(frozen=True, slots=True)
class Reference:
    """What is kept of a reference picture: its main colours, and how bright it is."""

    colours: tuple[Rgb, ...]
    brightness: float
    weight: float = 0.55


@dataclass(frozen=True, slots=True)
class Scene:
    """Enough to draw the same pictures again: a few words and numbers."""

    prompt: str
    seed: int
    steps: tuple[Step, ...] = ()
    reference: Reference | None = None

    def to_json(self) -> str:
        """As text to keep beside a job."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "Scene":
        """Back from `to_json`."""
        raw = json.loads(text)
        found = raw["reference"]
        reference = found and Reference(
            tuple((c[0], c[1], c[2]) for c in found["colours"]),
            found["brightness"],
            found["weight"],
        )
        return Scene(raw["prompt"], raw["seed"], tuple(Step(**s) for s in raw["steps"]), reference)

    @property
    def brief(self) -> Brief:
        """What the words ask for."""
        return _brief(self.prompt)

    @property
    def aspect(self) -> float:
        """Width over height."""
        wide, high = self.brief.flags.tile
        return wide / high


@lru_cache(maxsize=64)
def _brief(prompt: str) -> Brief:
    return brief(prompt)


@dataclass(frozen=True, slots=True)
class Look:
    """One take: where everything stands, in which light."""

    brief: Brief
    aspect: float
    light: Light
    hour: str
    horizon: float
    sun: tuple[float, float]
    camera: float
    """Over the ground, in world units."""
    spot: float
    """Where the subject stands from left to right."""
    size: float
    """How large it is."""
    clouds: float
    """How much of the sky they cover."""
    ground: int
    """Seed of the land."""
    sky: int
    """Seed of clouds and stars."""
    detail: int
    """Seed of everything small."""
    accent: Rgb
    pick: int
    """Chooses among a painter's variants."""
    tints: tuple[tuple[Rgb, float], ...] = field(default=())
    foot: float | None = None
    """The row the first subject stands on, when somebody has shown the place."""

    def moved(self, *, horizon: float) -> "Look":
        """The same look over another horizon."""
        return replace(self, horizon=horizon)

    @property
    def contrast(self) -> float:
        """From `--stylize`, 0 to 1 with 0.32 for the default of 100."""
        return float(np.sqrt(self.brief.flags.stylize / 1000))

    def has(self, *weather: str) -> bool:
        """Is one of these in the air?"""
        return bool(self.brief.weather.intersection(weather))

    def thing(self, *names: str) -> Thing | None:
        """The first of these that the prompt asks for."""
        return next((thing for thing in self.brief.things if thing.name in names), None)


def scene(prompt: str, *, seed: int, reference: Reference | None = None) -> Scene:
    """A scene from a prompt; a `--seed` in the prompt wins."""
    own = _brief(prompt).flags.seed
    return Scene(prompt, seed if own is None else own, (), reference)


def vary(scene: Scene, take: int, *, strength: str, seed: int) -> Scene:
    """The scene whose four takes are variations of one take of this scene."""
    if strength not in _NUDGE:
        message = f"strength is one of {', '.join(_NUDGE)}, not {strength!r}"
        raise ValueError(message)
    return replace(scene, steps=(*scene.steps, Step(take, strength, seed)))


def look(scene: Scene, take: int) -> Look:
    """Decide how one take looks."""
    first = scene.steps[0].take if scene.steps else take
    chosen = _first(scene, first % 4)
    for k, step in enumerate(scene.steps):
        last = k + 1 == len(scene.steps)
        chosen = _nudged(chosen, step, (take if last else scene.steps[k + 1].take) % 4)
    return chosen


# horizon, size, spot from the middle, sun from the middle: in quarters of the width
_FRAMES = (
    (0.60, 1.00, -0.62, 0.66),
    (0.70, 0.80, 0.58, -0.70),
    (0.50, 1.12, 0.12, 0.40),
    (0.64, 1.42, -0.05, -0.16),
    (0.56, 0.92, 0.66, 0.58),
    (0.74, 1.00, -0.30, -0.45),
)


def _first(scene: Scene, take: int) -> Look:
    wish = scene.brief
    order = dice("order", scene.seed, wish.salt)
    frame = _FRAMES[int(order.permutation(len(_FRAMES))[take])]
    light_order = order.permutation(4)
    hours = order.permutation(len(ORDER))
    roll = dice("take", scene.seed, wish.salt, take)
    wild = 0.4 + wish.flags.chaos / 60
    hour = "vapor" if wish.style == "vaporwave" else wish.hour or ORDER[int(hours[take])]
    light = _light(scene, hour, int(light_order[take]), roll)
    aspect = scene.aspect
    horizon = frame[0] + float(roll.uniform(-0.05, 0.05)) * wild
    side = frame[3] + float(roll.uniform(-0.2, 0.2)) * wild
    low, high = light.height
    up = low + (high - low) * float(roll.random())
    return Look(
        brief=wish,
        aspect=aspect,
        light=light,
        hour=hour,
        horizon=horizon,
        sun=(aspect * (0.5 + side * 0.4), horizon - up),
        camera=float(roll.uniform(0.75, 1.3)),
        spot=aspect * (0.5 + (frame[2] + float(roll.uniform(-0.15, 0.15)) * wild) * 0.42),
        size=frame[1] * float(roll.uniform(0.92, 1.1)),
        clouds=_cover(wish, roll),
        ground=seeded("ground", scene.seed, wish.salt, take),
        sky=seeded("sky", scene.seed, wish.salt, take),
        detail=seeded("detail", scene.seed, wish.salt, take),
        accent=_accent(roll),
        pick=int(order.integers(1 << 16)) * 4 + take,
        tints=_tints(wish),
    )


def _cover(wish: Brief, roll: np.random.Generator) -> float:
    if wish.style == "anime" and "clear" not in wish.weather:
        return float(roll.uniform(0.5, 0.75))
    if "clear" in wish.weather:
        return 0.0
    if wish.weather & {"clouds", "storm", "rain"}:
        return float(roll.uniform(0.62, 0.85))
    if wish.weather & {"stars", "aurora", "rainbow"}:
        return float(roll.uniform(0.0, 0.2))
    return float(roll.uniform(0.15, 0.6))


def _accent(roll: np.random.Generator) -> Rgb:
    choice = ("#d8442f", "#e8a33a", "#2f6fa8", "#3f9a86", "#c8508a", "#f0d27a")
    return colour.rgb(choice[int(roll.integers(len(choice)))])


def _light(scene: Scene, hour: str, variant: int, roll: np.random.Generator) -> Light:
    wish = scene.brief
    light = HOURS[hour][variant]
    light = palettes.turned(light, float(roll.uniform(-6, 6)) * (1 + wish.flags.chaos / 25), 1.0)
    if "storm" in wish.weather and hour not in {"storm", "night"}:
        light = palettes.mixed(light, HOURS["storm"][variant], 0.6)
    elif wish.weather & {"rain", "fog"} and hour != "grey":
        light = palettes.mixed(light, HOURS["grey"][variant], 0.22 if light.night else 0.4)
    if scene.reference is not None:
        light = palettes.referred(light, scene.reference.colours, scene.reference.weight)
    for tint, amount in _tints(wish):
        light = palettes.tinted(light, tint, amount * 0.6)
    return light


def _tints(wish: Brief) -> tuple[tuple[Rgb, float], ...]:
    amount = 0.62 / max(1, len(wish.tints))
    return tuple((colour.NAMED[name], amount) for name in wish.tints)


def _nudged(base: Look, step: Step, take: int) -> Look:
    """The same idea with other details."""
    roll = dice("nudge", step.seed, step.take, step.strength, take, base.detail)
    far = _NUDGE[step.strength]

    def drift(reach: float) -> float:
        return float(roll.uniform(-reach, reach)) * far

    seeds = [int(seed) for seed in roll.integers(1 << 31, size=3)]
    return replace(
        base,
        light=palettes.turned(base.light, drift(26), 1 + drift(0.2)),
        horizon=base.horizon + drift(0.07),
        sun=(base.sun[0] + drift(0.16) * base.aspect, base.sun[1] + drift(0.07)),
        camera=base.camera * (1 + drift(0.25)),
        spot=base.spot + drift(0.12) * base.aspect,
        size=base.size * (1 + drift(0.22)),
        clouds=min(1.0, max(0.0, base.clouds + drift(0.3))),
        ground=base.ground if step.strength == "subtle" else seeds[0],
        sky=seeds[1],
        detail=seeds[2],
    )
