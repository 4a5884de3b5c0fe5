"""Which outline a subject has, how tall it is, and its colours when the prompt names none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mjgate.sandbox.draw import colour, figures_life, figures_made
from mjgate.sandbox.draw.colour import NAMED, Rgb, rgb

_ROLES: Mapping[str, str] = {
    "black": "#141416",
    "white": "#f4f0e6",
    "dark": "#2b2724",
    "stone": "#8d8880",
    "wall": "#e6dcc6",
    "side": "#b9ab92",
    "wood": "#6d4a30",
    "trim": "#efe7d6",
    "lamp": "#ffd98a",
    "glow": "#ff9a3c",
    "tail": "#ff4a3a",
    "glass": "#3a4f66",
    "sail": "#e9ddc4",
    "pink": "#e89aa0",
    "amber": "#e8a92e",
    "gold": "#e6b450",
    "red": "#c8362c",
    "brown": "#5a3a26",
    "skin": "#dba982",
    "hair": "#2a1d18",
    "straw": "#cda85c",
    "leaf": "#4f8a3f",
    "shine": "#fff6ea",
    "light": "#e8e2d4",
    "accent": "#d8a03c",
    "veil": "#b9c8f4",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """An outline and what is known about it."""

    text: str
    body: str
    """Its usual colour."""
    tall: float = 1.0
    where: str = "ground"
    """`ground`, `water` or `air`."""
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    wide: float = 0.6
    """Half its width, for shadows."""

    def colours(self, name: str | None, accent: Rgb) -> dict[str, Rgb]:
        """Colours of all roles; `name` is the colour word of the prompt."""
        body = NAMED[name] if name else rgb(self.body)
        found = {role: rgb(tone) for role, tone in _ROLES.items()}
        found["accent"] = colour.turned(body, 40, 1.1, 1.1) if name else accent
        found["light"] = colour.blend(body, (1.0, 0.97, 0.9), 0.55)
        if name and name != "white" and "side" in self.roles:
            found["side"] = colour.turned(body, 0, 0.9, 0.8)
        found |= {role: rgb(tone) for role, tone in self.roles.items() if role != "side" or not name}
        return found | {"body": body}


_LIFE, _MADE = figures_life, figures_made

FIGURES: Mapping[str, Figure] = {
    "house": Figure(_MADE.HOUSE, "#a8483a", 0.62, roles={"side": "#cbbd9f"}),
    "lighthouse": Figure(_MADE.LIGHTHOUSE, "#c23a2e", 1.25, wide=0.2),
    "boat": Figure(_MADE.BOAT, "#8a3d2a", 0.72, "water"),
    "balloon": Figure(_MADE.BALLOON, "#d2452f", 0.62, "air"),
    "castle": Figure(_MADE.CASTLE, "#4f6288", 0.95, roles={"wall": "#cfc4b4", "side": "#a89c90"}, wide=0.8),
    "tower": Figure(_MADE.TOWER, "#6b4a4a", 1.15, roles={"wall": "#b9ad9c", "side": "#8f8578"}, wide=0.2),
    "pagoda": Figure(_MADE.PAGODA, "#9a3b2c", 1.1, roles={"wall": "#e8dcc4"}, wide=0.4),
    "torii": Figure(_MADE.TORII, "#d0402a", 0.8, "water"),
    "windmill": Figure(_MADE.WINDMILL, "#7a3f30", 0.95, wide=0.25),
    "car": Figure(_MADE.CAR, "#c2352c", 0.62, wide=0.65),
    "train": Figure(_MADE.TRAIN, "#2f5f9a", 0.62, wide=0.9),
    "rocket": Figure(_MADE.ROCKET, "#cf3f33", 0.8, "air"),
    "lantern": Figure(_MADE.LANTERN, "#b8322a", 0.34, "air"),
    "umbrella": Figure(_MADE.UMBRELLA, "#cc3a34", 0.6, roles={"side": "#a82e2a"}),
    "vase": Figure(_MADE.VASE, "#3f6f9a", 0.8, wide=0.3),
    "crystal": Figure(_MADE.CRYSTAL, "#5fb8d8", 0.75, roles={"side": "#3a86b4"}, wide=0.4),
    "heart": Figure(_MADE.HEART, "#d8364a", 0.5, "air"),
    "cat": Figure(_LIFE.CAT, "#d08a4a", 0.72, wide=0.35),
    "dog": Figure(_LIFE.DOG, "#b98752", 0.74, wide=0.35),
    "fox": Figure(_LIFE.FOX, "#d2702c", 0.7, wide=0.4),
    "wolf": Figure(_LIFE.FOX, "#7d8088", 0.8, roles={"white": "#c9ccd0"}, wide=0.4),
    "rabbit": Figure(_LIFE.RABBIT, "#b39a80", 0.62, wide=0.3),
    "bear": Figure(_LIFE.BEAR, "#6b4630", 0.85, roles={"side": "#b08a62"}, wide=0.4),
    "owl": Figure(_LIFE.OWL, "#8a6844", 0.62, "branch", roles={"side": "#d8c29c"}, wide=0.3),
    "deer": Figure(_LIFE.DEER, "#a06a3c", 0.8, wide=0.45),
    "horse": Figure(_LIFE.HORSE, "#7a4a2c", 0.85, roles={"side": "#5a3620"}, wide=0.5),
    "fish": Figure(_LIFE.KOI, "#f0e6d8", 0.42, "air"),
    "whale": Figure(_LIFE.WHALE, "#3f5f7c", 0.62, "air"),
    "jellyfish": Figure(_LIFE.JELLYFISH, "#c48ad8", 0.7, "air"),
    "birds": Figure(_LIFE.BIRD, "#22242c", 0.16, "air"),
    "butterfly": Figure(_LIFE.BUTTERFLY, "#e08a2a", 0.4, "air"),
    "dragon": Figure(_LIFE.DRAGON, "#3f7a4f", 0.9, "air", roles={"side": "#2c5a48"}),
    "person": Figure(_LIFE.PERSON, "#a83a34", 0.72, wide=0.22),
    "samurai": Figure(_LIFE.SAMURAI, "#38405a", 0.74, roles={"side": "#2a3048"}, wide=0.25),
    "robot": Figure(_LIFE.ROBOT, "#9fb0bc", 0.8, roles={"side": "#74848f", "lamp": "#6af0ff"}, wide=0.3),
    "astronaut": Figure(_LIFE.ASTRONAUT, "#eceae4", 0.78, roles={"side": "#c2c4c6"}, wide=0.3),
    "mushroom": Figure(_LIFE.MUSHROOM, "#c8342a", 0.6, roles={"side": "#e6d8bc"}, wide=0.35),
}
