"""Which outline a subject has, how tall it is, and its colours when the prompt names none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mjgate.sandbox.draw import colour, figures_life, figures_made, figures_people
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
        found |= {
            role: rgb(tone) for role, tone in self.roles.items() if role != "side" or not name
        }
        return found | {"body": body}


FIGURES: Mapping[str, Figure] = {
    "house": Figure(figures_made.HOUSE, "#a8483a", 0.62, roles={"side": "#cbbd9f"}),
    "lighthouse": Figure(figures_made.LIGHTHOUSE, "#c23a2e", 1.25, wide=0.2),
    "boat": Figure(figures_made.BOAT, "#8a3d2a", 0.72, "water"),
    "balloon": Figure(figures_made.BALLOON, "#d2452f", 0.62, "air"),
    "castle": Figure(
        figures_made.CASTLE, "#4f6288", 0.95, roles={"wall": "#cfc4b4", "side": "#a89c90"}, wide=0.8
    ),
    "tower": Figure(
        figures_made.TOWER, "#6b4a4a", 1.15, roles={"wall": "#b9ad9c", "side": "#8f8578"}, wide=0.2
    ),
    "pagoda": Figure(figures_made.PAGODA, "#9a3b2c", 1.1, roles={"wall": "#e8dcc4"}, wide=0.4),
    "torii": Figure(figures_made.TORII, "#d0402a", 0.8, "water"),
    "windmill": Figure(figures_made.WINDMILL, "#7a3f30", 0.95, wide=0.25),
    "car": Figure(figures_made.CAR, "#c2352c", 0.62, wide=0.65),
    "train": Figure(figures_made.TRAIN, "#2f5f9a", 0.62, wide=0.9),
    "rocket": Figure(figures_made.ROCKET, "#cf3f33", 0.8, "air"),
    "lantern": Figure(figures_made.LANTERN, "#b8322a", 0.34, "air"),
    "umbrella": Figure(figures_made.UMBRELLA, "#cc3a34", 0.6, roles={"side": "#a82e2a"}),
    "vase": Figure(figures_made.VASE, "#3f6f9a", 0.8, wide=0.3),
    "crystal": Figure(figures_made.CRYSTAL, "#5fb8d8", 0.75, roles={"side": "#3a86b4"}, wide=0.4),
    "heart": Figure(figures_made.HEART, "#d8364a", 0.5, "air"),
    "cat": Figure(figures_life.CAT, "#d08a4a", 0.72, wide=0.35),
    "dog": Figure(figures_life.DOG, "#b98752", 0.74, wide=0.35),
    "fox": Figure(figures_life.FOX, "#d2702c", 0.7, wide=0.4),
    "wolf": Figure(figures_life.FOX, "#7d8088", 0.8, roles={"white": "#c9ccd0"}, wide=0.4),
    "rabbit": Figure(figures_life.RABBIT, "#b39a80", 0.62, wide=0.3),
    "bear": Figure(figures_life.BEAR, "#6b4630", 0.85, roles={"side": "#b08a62"}, wide=0.4),
    "owl": Figure(figures_life.OWL, "#8a6844", 0.62, "branch", roles={"side": "#d8c29c"}, wide=0.3),
    "deer": Figure(figures_life.DEER, "#a06a3c", 0.8, wide=0.45),
    "horse": Figure(figures_life.HORSE, "#7a4a2c", 0.85, roles={"side": "#5a3620"}, wide=0.5),
    "fish": Figure(figures_life.KOI, "#f0e6d8", 0.42, "air"),
    "whale": Figure(figures_life.WHALE, "#3f5f7c", 0.62, "air"),
    "jellyfish": Figure(figures_life.JELLYFISH, "#c48ad8", 0.7, "air"),
    "birds": Figure(figures_life.BIRD, "#22242c", 0.16, "air"),
    "butterfly": Figure(figures_life.BUTTERFLY, "#e08a2a", 0.4, "air"),
    "dragon": Figure(figures_life.DRAGON, "#3f7a4f", 0.9, "air", roles={"side": "#2c5a48"}),
    "person": Figure(figures_people.PERSON, "#a83a34", 0.72, wide=0.22),
    "samurai": Figure(
        figures_people.SAMURAI, "#38405a", 0.74, roles={"side": "#2a3048"}, wide=0.25
    ),
    "robot": Figure(
        figures_people.ROBOT, "#9fb0bc", 0.8, roles={"side": "#74848f", "lamp": "#6af0ff"}, wide=0.3
    ),
    "astronaut": Figure(
        figures_people.ASTRONAUT, "#eceae4", 0.78, roles={"side": "#c2c4c6"}, wide=0.3
    ),
    "mushroom": Figure(figures_life.MUSHROOM, "#c8342a", 0.6, roles={"side": "#e6d8bc"}, wide=0.35),
}
