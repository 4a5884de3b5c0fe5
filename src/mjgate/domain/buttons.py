"""
Buttons: what a `customId` means, and the buttons we make where an upstream gives none.

A customId is opaque and travels byte for byte; the table is read only for action and price.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mjgate.domain.action import Action
from mjgate.domain.errors import BadField

PRIMARY: Final = 2
PRESSED: Final = 3
LAST: Final = 5
"""Where buttons stand that have no number before U4."""


@dataclass(frozen=True, slots=True)
class Button:
    """One follow-up that a finished task offers. Style 2 is open, 3 already pressed."""

    custom_id: str
    label: str = ""
    emoji: str = ""
    style: int = PRIMARY


class Window(StrEnum):
    """Whether pressing a button opens a window that must be confirmed."""

    NEVER = "never"
    REMIX = "if remix"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a form of customId stands for; `{n}` in the label is the button's number."""

    pattern: re.Pattern[str]
    label: str
    action: Action
    window: Window = Window.NEVER


def _row(pattern: str, label: str, action: Action, window: Window = Window.NEVER) -> Meaning:
    return Meaning(re.compile(pattern, re.IGNORECASE | re.ASCII), label, action, window)


_HASH = r"(?P<hash>[^:\s]+)"

MEANINGS: Final[tuple[Meaning, ...]] = (
    _row(rf"MJ::JOB::upsample::(?P<n>[1-4])::{_HASH}(::SOLO)?", "U{n}", Action.UPSCALE),
    _row(
        rf"MJ::JOB::variation::(?P<n>[1-4])::{_HASH}(::SOLO)?",
        "V{n}",
        Action.VARIATION,
        Window.REMIX,
    ),
    _row(rf"MJ::JOB::reroll::0::{_HASH}(::SOLO)?", "🔄", Action.REROLL, Window.REMIX),
    _row(
        rf"MJ::JOB::low_variation::\d+::{_HASH}(::SOLO)?",
        "Vary (Subtle)",
        Action.LOW_VARIATION,
        Window.REMIX,
    ),
    _row(
        rf"MJ::JOB::high_variation::\d+::{_HASH}(::SOLO)?",
        "Vary (Strong)",
        Action.HIGH_VARIATION,
        Window.REMIX,
    ),
    _row(rf"MJ::Inpaint::\d+::{_HASH}(::SOLO)?", "Vary (Region)", Action.INPAINT, Window.ALWAYS),
    _row(rf"MJ::Outpaint::\d+::\d+::{_HASH}(::SOLO)?", "Zoom Out", Action.ZOOM),
    _row(
        rf"MJ::CustomZoom(::\d+)?::{_HASH}(::SOLO)?",
        "Custom Zoom",
        Action.CUSTOM_ZOOM,
        Window.ALWAYS,
    ),
    _row(
        rf"MJ::JOB::pan_(left|right|up|down)::\d+::{_HASH}(::SOLO)?",
        "Pan",
        Action.PAN,
        Window.REMIX,
    ),
    _row(r"MJ::JOB::upsample_[^:]+::.+", "Upscale", Action.UPSCALE_HD),
    _row(r"MJ::JOB::animate_[^:]+::.+", "Animate", Action.VIDEO, Window.REMIX),
    _row(r"MJ::JOB::video::.+", "Animate manually", Action.VIDEO, Window.ALWAYS),
    _row(rf"MJ::JOB::video_virtual_upscale::(?P<n>[1-4])::{_HASH}", "U{n}", Action.UPSCALE),
    _row(r"MJ::Job::PicReader::all", "Imagine all", Action.IMAGINE),
    _row(r"MJ::Job::PicReader::(?P<n>[1-4])", "{n}️⃣", Action.IMAGINE, Window.ALWAYS),
    _row(r"MJ::Picread::Retry", "🔄", Action.DESCRIBE),
    _row(r"MJ::Job::PromptAnalyzer::all", "Imagine all", Action.IMAGINE),
    _row(r"MJ::Job::PromptAnalyzer::(?P<n>[1-5])", "{n}️⃣", Action.IMAGINE, Window.ALWAYS),
    _row(r"MJ::BOOKMARK::.+", "❤️", Action.BOOKMARK),
)

_ANY_BUTTON: Final = Meaning(re.compile(r".+::.*", re.DOTALL), "", Action.ACTION)


def meaning(custom_id: str) -> Meaning:
    """What a button is; one that no row knows is `ACTION`. BadField without `::`."""
    for row in MEANINGS:
        if row.pattern.fullmatch(custom_id):
            return row
    if "::" not in custom_id:
        msg = "customId is not a button: take one from the 'buttons' of a finished task."
        raise BadField(msg, field="customId")
    return _ANY_BUTTON


def asks_always(custom_id: str) -> bool:
    """Whether the button always opens a window."""
    return bool(custom_id) and meaning(custom_id).window is Window.ALWAYS


def pressed(action: Action, index: int, job_hash: str) -> str:
    """The customId behind a `change`: a number and a word instead of a button."""
    match action:
        case Action.UPSCALE:
            return f"MJ::JOB::upsample::{index}::{job_hash}"
        case Action.VARIATION:
            return f"MJ::JOB::variation::{index}::{job_hash}"
        case Action.REROLL:
            return f"MJ::JOB::reroll::0::{job_hash}::SOLO"
        case _:
            msg = f"action must be UPSCALE, VARIATION or REROLL, not {action}."
            raise BadField(msg, field="action")


def hash_in(buttons: Sequence[Button]) -> str | None:
    """The job hash that customIds of a task carry, from the first that has one."""
    for button in buttons:
        found = meaning(button.custom_id).pattern.fullmatch(button.custom_id)
        job_hash = found.groupdict().get("hash") if found else None
        if job_hash:
            return job_hash
    return None


def in_order(action: Action, buttons: Sequence[Button]) -> tuple[Button, ...]:
    """A grid's buttons with U1 to U4 first, whatever the upstream begins with; others as given."""
    if action not in GRIDS:
        return tuple(buttons)
    return tuple(sorted(buttons, key=_place))  # the rest keeps its order


def _place(button: Button) -> int:
    found = MEANINGS[0].pattern.fullmatch(button.custom_id)
    return int(found["n"]) if found else LAST


def of_grid(job_hash: str) -> tuple[Button, ...]:
    """U1-U4, reroll, V1-V4: U1 first, since clients read the hash from it."""
    return (
        *(Button(f"MJ::JOB::upsample::{n}::{job_hash}", f"U{n}") for n in range(1, 5)),
        Button(f"MJ::JOB::reroll::0::{job_hash}::SOLO", "", "🔄"),
        *(Button(f"MJ::JOB::variation::{n}::{job_hash}", f"V{n}") for n in range(1, 5)),
    )


def of_upscale(job_hash: str) -> tuple[Button, ...]:
    """What one enlarged picture offers."""
    job = "MJ::JOB"
    rows = (
        (f"{job}::upsample_v6_2x_subtle::1::{job_hash}::SOLO", "Upscale (Subtle)", ""),
        (f"{job}::upsample_v6_2x_creative::1::{job_hash}::SOLO", "Upscale (Creative)", ""),
        (f"{job}::low_variation::1::{job_hash}::SOLO", "Vary (Subtle)", "🪄"),
        (f"{job}::high_variation::1::{job_hash}::SOLO", "Vary (Strong)", "🪄"),
        (f"MJ::Inpaint::1::{job_hash}::SOLO", "Vary (Region)", "🖌️"),
        (f"MJ::Outpaint::50::1::{job_hash}::SOLO", "Zoom Out 2x", "🔍"),
        (f"MJ::Outpaint::75::1::{job_hash}::SOLO", "Zoom Out 1.5x", "🔍"),
        (f"MJ::CustomZoom::{job_hash}", "Custom Zoom", "🔍"),
        (f"{job}::pan_left::1::{job_hash}::SOLO", "", "⬅️"),
        (f"{job}::pan_right::1::{job_hash}::SOLO", "", "➡️"),
        (f"{job}::pan_up::1::{job_hash}::SOLO", "", "⬆️"),
        (f"{job}::pan_down::1::{job_hash}::SOLO", "", "⬇️"),
        (f"{job}::animate_high::1::{job_hash}::SOLO", "Animate (High motion)", "🎞️"),
        (f"{job}::animate_low::1::{job_hash}::SOLO", "Animate (Low motion)", "🎞️"),
        (f"MJ::BOOKMARK::{job_hash}", "", "❤️"),
    )
    return tuple(Button(*row) for row in rows)


def of_video(job_hash: str) -> tuple[Button, ...]:
    """The four clips of a video."""
    return tuple(
        Button(f"MJ::JOB::video_virtual_upscale::{n}::{job_hash}", f"U{n}") for n in range(1, 5)
    )


def of_clip(job_hash: str) -> tuple[Button, ...]:
    """What one enlarged clip offers."""
    rows = (
        (f"MJ::JOB::animate_high_extend::1::{job_hash}::SOLO", "Extend (High motion)", "🎞️"),
        (f"MJ::JOB::animate_low_extend::1::{job_hash}::SOLO", "Extend (Low motion)", "🎞️"),
        (f"MJ::BOOKMARK::{job_hash}", "", "❤️"),
    )
    return tuple(Button(*row) for row in rows)


def _numbers(stem: str, most: int) -> tuple[Button, ...]:
    return tuple(Button(f"{stem}::{n}", "", f"{n}️⃣") for n in range(1, most + 1))


GRIDS: Final = frozenset(
    {
        Action.IMAGINE,
        Action.VARIATION,
        Action.REROLL,
        Action.LOW_VARIATION,
        Action.HIGH_VARIATION,
        Action.INPAINT,
        Action.ZOOM,
        Action.CUSTOM_ZOOM,
        Action.PAN,
        Action.BLEND,
    }
)
"""Actions whose result is four pictures on one sheet."""


def synthesised(action: Action, job_hash: str, *, clip: bool = False) -> tuple[Button, ...]:
    """The buttons we offer where the upstream gave none; `()` where nothing can follow."""
    if action in GRIDS:
        return of_grid(job_hash)
    match action:
        case Action.UPSCALE | Action.UPSCALE_HD:
            return of_clip(job_hash) if clip else of_upscale(job_hash)
        case Action.VIDEO:
            return of_video(job_hash)
        case Action.DESCRIBE:
            return _numbers("MJ::Job::PicReader", 4)
        case Action.SHORTEN:
            return _numbers("MJ::Job::PromptAnalyzer", 5)
        case _:
            return ()
