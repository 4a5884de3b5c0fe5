"""What a prompt asks for, before anybody has decided how it looks."""

from dataclasses import dataclass

from mjgate.sandbox.draw import flags, words
from mjgate.sandbox.draw.flags import Flags
from mjgate.sandbox.draw.noise import dice, seeded

_HOME = {
    "boat": "sea",
    "whale": "sea",
    "lighthouse": "sea",
    "fish": "underwater",
    "jellyfish": "underwater",
    "rocket": "space",
    "astronaut": "mars",
    "robot": "city",
    "car": "desert",
    "train": "hills",
    "umbrella": "city",
    "fruit": "still life",
    "vase": "still life",
    "lantern": "lake",
    "palm": "island",
    "castle": "mountains",
    "dragon": "mountains",
    "pagoda": "mountains",
    "torii": "lake",
    "cherry": "lake",
    "bridge": "lake",
    "windmill": "field",
    "crystal": "mars",
    "deer": "forest",
    "fox": "forest",
    "wolf": "forest",
    "bear": "forest",
    "owl": "forest",
    "mushroom": "forest",
    "moon": "lake",
    "sun": "sea",
    "birds": "lake",
    "balloon": "hills",
}
_WATER = {"lake", "sea", "river", "island"}
_GREEN = {"mountains", "volcano", "forest", "hills", "field"}
_LANDS = ("mountains", "lake", "sea", "hills", "desert", "forest", "field", "island")


@dataclass(frozen=True, slots=True)
class Thing:
    """A subject and the colour word in front of it."""

    name: str
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """The concepts of a prompt."""

    place: str
    water: bool
    things: tuple[Thing, ...]
    hour: str | None
    weather: frozenset[str]
    style: str | None
    moods: frozenset[str]
    tints: tuple[str, ...]
    places: frozenset[str]
    crop: str | None
    flags: Flags
    known: bool
    salt: int
    """Belongs to the words, whatever the seed."""


def brief(prompt: str) -> Brief:
    """Read a prompt; one without a known word becomes an abstract landscape."""
    text, settings = flags.split(prompt)
    dropped = {concept for _, concept in words.read(settings.without)}
    found = tuple(pair for pair in words.read(text) if pair[1] not in dropped)
    things, tints = _things(found)
    places = tuple(concept for kind, concept in found if kind == "place")
    weather = frozenset(concept for kind, concept in found if kind == "weather")
    place = _place(places, things, weather, found, text)
    hours = [concept for kind, concept in found if kind == "time"]
    moods = frozenset(concept for kind, concept in found if kind == "mood")
    styles = [concept for kind, concept in found if kind == "style"]
    return Brief(
        place=place,
        water=_wet(place, places, things) and not dropped.intersection(_WATER),
        things=things[:3],
        hour=hours[0] if hours else _implied(weather, place, moods, things),
        weather=weather,
        style=styles[0] if styles else ("anime" if settings.niji else None),
        moods=moods,
        tints=tints[:3],
        places=frozenset(places),
        crop=next((concept for kind, concept in found if kind == "crop"), None),
        flags=settings,
        known=bool(found),
        salt=seeded(text.strip().lower()),
    )


def _wet(place: str, places: tuple[str, ...], things: tuple[Thing, ...]) -> bool:
    """Is there water? A boat on green land brings its own."""
    afloat = place in _GREEN and any(thing.name in {"boat", "torii"} for thing in things)
    return afloat or bool(_WATER.intersection((place, *places)))


def _things(found: tuple[words.Found, ...]) -> tuple[tuple[Thing, ...], tuple[str, ...]]:
    """Subjects with their colours, and the colours that belong to the whole picture."""
    things: dict[str, Thing] = {}
    tints: list[str] = []
    waiting: str | None = None
    for kind, concept in found:
        if kind == "subject":
            known = things.get(concept)
            things[concept] = known if known and known.colour else Thing(concept, waiting)
            waiting = None
        elif waiting:
            tints.append(waiting)
            waiting = None
        if kind == "colour":
            waiting = concept
    return tuple(things.values()), (*tints, *([waiting] if waiting else []))


def _place(
    places: tuple[str, ...],
    things: tuple[Thing, ...],
    weather: frozenset[str],
    found: tuple[words.Found, ...],
    text: str,
) -> str:
    kinds = {kind for kind, _ in found}
    homes = [_HOME[thing.name] for thing in things if thing.name in _HOME]
    some = _LANDS[int(dice("land", text).integers(len(_LANDS)))]
    swims = any(_HOME.get(thing.name) == "underwater" for thing in things)
    choices = (
        *(["underwater"] if swims and set(places) <= {"lake", "river"} else []),
        *(place for place in places if place not in _WATER),
        *places,
        *(["field"] if "crop" in kinds else []),
        *homes,
        *(["hills"] if things else []),
        *([some] if weather or kinds & {"time", "style", "mood"} else []),
        "abstract",
    )
    return choices[0]


def _implied(
    weather: frozenset[str], place: str, moods: frozenset[str], things: tuple[Thing, ...]
) -> str | None:
    neon = place == "city" and "neon" in moods
    moon = any(thing.name == "moon" for thing in things)
    if neon or moon or weather & {"aurora", "stars", "fireworks"}:
        return "night"
    if "storm" in weather:
        return "storm"
    return "grey" if weather & {"rain", "fog"} else None
