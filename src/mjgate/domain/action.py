"""
What may be asked: actions, modes, bots, and a row for every way to submit.

A row of `RULES` is all there is to an endpoint: route, checks, price and documents follow.
Sources: the public documents of the midjourney-proxy protocol, section "submit".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Mode(StrEnum):
    """How fast, and at which price."""

    FAST = "FAST"
    RELAX = "RELAX"
    TURBO = "TURBO"


class Bot(StrEnum):
    """Which of the two drawing bots."""

    MID_JOURNEY = "MID_JOURNEY"
    NIJI_JOURNEY = "NIJI_JOURNEY"


class Action(StrEnum):
    """What a task does; stored, shown and priced under this word."""

    IMAGINE = "IMAGINE"
    UPSCALE = "UPSCALE"
    VARIATION = "VARIATION"
    REROLL = "REROLL"
    LOW_VARIATION = "LOW_VARIATION"
    HIGH_VARIATION = "HIGH_VARIATION"
    INPAINT = "INPAINT"
    ZOOM = "ZOOM"
    CUSTOM_ZOOM = "CUSTOM_ZOOM"
    PAN = "PAN"
    UPSCALE_HD = "UPSCALE_HD"
    VIDEO = "VIDEO"
    BLEND = "BLEND"
    DESCRIBE = "DESCRIBE"
    SHORTEN = "SHORTEN"
    EDITS = "EDITS"
    RETEXTURE = "RETEXTURE"
    UPLOAD = "UPLOAD"
    SWAP_FACE = "SWAP_FACE"
    BOOKMARK = "BOOKMARK"
    ACTION = "ACTION"  # a well-formed button that no table of ours knows


class Kind(StrEnum):
    """How a field is read."""

    TEXT = "text"
    TASK = "task"  # a task's id: digits as text or number, or its UUID
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    IMAGE = "image"  # base64 with or without `data:`, or a URL
    IMAGES = "images"  # a list of those
    OBJECT = "object"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a submit body. `most` bounds characters, values or list length by kind."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    least: int = 0
    most: int = 255
    choices: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    into: str = ""  # the name that the order keeps it under, where that differs
    needed_with: str = ""  # required as soon as that field is present
    ignored_if: tuple[str, str] = ("", "")  # not read when that field has that value
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A way to submit: where it is served, what it must carry, what it is."""

    path: str
    action: Action | None  # None: read from the button, the content or the parent
    fields: tuple[Field, ...]
    summary: str
    either: tuple[tuple[str, ...], ...] = ()  # of each group one must be present
    aliases: tuple[str, ...] = ()


PROMPT_MOST: Final = 8_000
CUSTOM_ID_MOST: Final = 512
ADDRESS_MOST: Final = 2_000
STATE_MOST: Final = 255

_PROMPT = Field(name="prompt", most=PROMPT_MOST, help="What to draw, with its parameters.")
_NEEDS_PROMPT = replace(_PROMPT, required=True)
_TASK = Field(name="taskId", kind=Kind.TASK, required=True, help="The task that this one follows.")


def _image(name: str, told: str, *, into: str = "images", required: bool = False) -> Field:
    return Field(name=name, kind=Kind.IMAGE, into=into, required=required, help=told)


def _images(told: str, *, least: int = 0, most: int) -> Field:
    return Field(
        name="base64Array",
        kind=Kind.IMAGES,
        required=bool(least),
        least=least,
        most=most,
        into="images",
        help=told,
    )


def _choice(name: str, told: str, *choices: str, needed_with: str = "") -> Field:
    return Field(name=name, kind=Kind.CHOICE, choices=choices, needed_with=needed_with, help=told)


_MASK = _image("maskBase64", "Where to change: white on black.", into="mask")
_NEEDS_IMAGE = _image("image", "The picture.", required=True)

COMMON: Final[tuple[Field, ...]] = (
    Field(name="notifyHook", most=ADDRESS_MOST, into="hook_url", help="Where changes are told."),
    Field(name="state", most=STATE_MOST, help="Given back with the task, untouched."),
    _choice("botType", "MID_JOURNEY unless said.", "MID_JOURNEY", "NIJI_JOURNEY", "MJ", "NIJI"),
    Field(name="accountFilter", kind=Kind.OBJECT, help="Which channel may take it."),
    Field(name="instanceId", help="A channel by its public instance id."),
    Field(name="modes", kind=Kind.LIST, most=8, help="Wanted modes, best first."),
    Field(name="mode", help="The wanted mode: FAST, RELAX or TURBO."),
    Field(name="remix", kind=Kind.FLAG, help="Prefer a channel with remix on."),
)
"""Fields that every submit takes."""

_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        path="submit/imagine",
        action=Action.IMAGINE,
        summary="Draw a grid of four pictures from a prompt.",
        fields=(
            _NEEDS_PROMPT,
            _images("Images that the prompt refers to.", most=10),
            _image("base64", "One image, the old form."),
        ),
    ),
    Rule(
        path="submit/action",
        action=None,
        summary="Press a button of a finished task.",
        fields=(
            _TASK,
            Field(name="customId", most=CUSTOM_ID_MOST, required=True, help="The button, opaque."),
            Field(name="enableRemix", kind=Kind.FLAG, help="Ask for a window for the prompt."),
            Field(name="chooseSameChannel", kind=Kind.FLAG, help="Ignored: it always is the same."),
        ),
    ),
    Rule(
        path="submit/change",
        action=None,
        summary="Upscale, vary or reroll a grid, by number.",
        fields=(
            _TASK,
            Field(
                name="action",
                kind=Kind.CHOICE,
                choices=("UPSCALE", "VARIATION", "REROLL"),
                required=True,
                help="What to do with it.",
            ),
            Field(
                name="index",
                kind=Kind.NUMBER,
                numbers=(1, 2, 3, 4),
                required=True,
                ignored_if=("action", "REROLL"),
                help="Which of the four; not for REROLL.",
            ),
        ),
    ),
    Rule(
        path="submit/simple-change",
        action=None,
        summary="The same in one line: '<id> U2', '<id> V3', '<id> R'.",
        fields=(Field(name="content", required=True, most=64, help="The id, and the button."),),
    ),
    Rule(
        path="submit/modal",
        action=None,
        summary="Confirm a waiting window.",
        fields=(_TASK, _PROMPT, _MASK),
    ),
    Rule(
        path="submit/blend",
        action=Action.BLEND,
        summary="Mix two to six pictures.",
        fields=(
            _images("The pictures.", least=2, most=6),
            _choice(
                "dimensions",
                "2:3, 1:1 or 3:2; SQUARE unless said.",
                *("PORTRAIT", "SQUARE", "LANDSCAPE"),
            ),
        ),
    ),
    Rule(
        path="submit/describe",
        action=Action.DESCRIBE,
        summary="Four prompts that could have drawn a picture.",
        either=(("base64", "link"),),
        fields=(
            _image("base64", "The picture."),
            _image("link", "Or its address."),
            Field(name="language", most=32, help="For the prompts that are found."),
        ),
    ),
    Rule(
        path="submit/shorten",
        action=Action.SHORTEN,
        summary="Which words of a prompt matter.",
        fields=(_NEEDS_PROMPT,),
    ),
    Rule(
        path="submit/video",
        action=Action.VIDEO,
        summary="A short clip from a picture, or the extension of one.",
        either=(("image", "base64", "taskId"),),
        fields=(
            _image("image", "The first frame."),
            _image("base64", "The same, the old form."),
            Field(name="taskId", kind=Kind.TASK, help="Or the clip to extend."),
            _choice("action", "With taskId: extend.", "extend", needed_with="taskId"),
            Field(
                name="index",
                kind=Kind.NUMBER,
                numbers=(0, 1, 2, 3),
                needed_with="taskId",
                help="With taskId: which of its clips.",
            ),
            _PROMPT,
            _choice("motion", "How much moves.", "low", "high"),
            _image("endImage", "The last frame.", into="end_image"),
            Field(name="loop", kind=Kind.FLAG, help="End where it begins."),
            Field(name="videoType", most=64, help="The provider's word for the kind of clip."),
            Field(name="batchSize", kind=Kind.NUMBER, numbers=(1, 2, 4), help="How many clips."),
        ),
    ),
    Rule(
        path="submit/edits",
        aliases=("submit/edit",),
        action=Action.EDITS,
        summary="Change a picture as the prompt says.",
        fields=(
            _NEEDS_PROMPT,
            _NEEDS_IMAGE,
            _MASK,
        ),
    ),
    Rule(
        path="submit/retexture",
        action=Action.RETEXTURE,
        summary="Keep a picture's forms, change its surfaces.",
        fields=(
            _NEEDS_PROMPT,
            _NEEDS_IMAGE,
        ),
    ),
    Rule(
        path="submit/upload-discord-images",
        action=Action.UPLOAD,
        summary="Keep pictures here and get addresses for prompts.",
        fields=(_images("The pictures.", least=1, most=10),),
    ),
    Rule(
        path="insight-face/swap",
        action=Action.SWAP_FACE,
        summary="Put the face of one picture onto another.",
        either=(("sourceBase64", "sourceUrl"), ("targetBase64", "targetUrl")),
        fields=(
            _image("sourceBase64", "Whose face is taken."),
            _image("sourceUrl", "Or its address."),
            _image("targetBase64", "Where it is put.", into="target"),
            _image("targetUrl", "Or its address.", into="target"),
        ),
    ),
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.path: rule for rule in _RULES})
"""Every way to submit, by its path below a prefix."""
