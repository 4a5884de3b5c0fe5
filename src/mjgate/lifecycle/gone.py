"""
When the channel of a finished task is gone: what its archived pictures still make possible.

A picture of a grid is cut from what we keep, at no charge. A key with `fallback` may start
variations, zooms, pans, edits and clips elsewhere, as new tasks from the picture.
"""

import re
from contextlib import suppress
from dataclasses import replace
from typing import Final

from mjgate.domain.action import RULES, Action
from mjgate.domain.buttons import Button, Meaning, Window, meaning, of_upscale
from mjgate.domain.errors import BadImage, ParentChannelGone
from mjgate.domain.image import Picture
from mjgate.domain.media import KEPT, is_grid
from mjgate.domain.order import Image, Order
from mjgate.domain.task import Result, Task
from mjgate.imaging import BadPicture, Margins
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.own import Own, content_of
from mjgate.lifecycle.plan import Plan
from mjgate.lifecycle.work import decode

_VIDEO: Final = "submit/video"
_WAYS: Final = {
    "submit/imagine": {Action.VARIATION, Action.LOW_VARIATION, Action.HIGH_VARIATION},
    "submit/edits": {Action.ZOOM, Action.PAN, Action.INPAINT},
    _VIDEO: {Action.VIDEO},
}
"""How what a button did is asked for with a picture instead."""

_ROOM: Final = tuple(
    (re.compile(form, re.IGNORECASE), margins)
    for form, margins in (
        ("MJ::Outpaint::50::", Margins(50, 50, 50, 50)),
        ("MJ::Outpaint::75::", Margins(25, 25, 25, 25)),
        ("MJ::JOB::pan_left::", Margins(left=50)),
        ("MJ::JOB::pan_right::", Margins(right=50)),
        ("MJ::JOB::pan_up::", Margins(top=50)),
        ("MJ::JOB::pan_down::", Margins(bottom=50)),
    )
)
"""The room that a button draws in: twice and one and a half times the picture, or half of one."""


def can_cut(planned: Plan) -> bool:
    """Whether it is an upscale of one of the four of a grid."""
    return (
        planned.action is Action.UPSCALE and planned.parent is not None and is_grid(planned.parent)
    )


async def cut_of(gateway: Gateway, planned: Plan) -> Result:
    """The picture that the button names, cut from the grid that we keep. ParentChannelGone."""
    parent, n = planned.parent, _number(planned.order)
    if parent is None or not n or not can_cut(planned):
        raise ParentChannelGone(field="taskId")
    try:
        content_hash = await content_of(gateway, Own(str(parent.id), n), "taskId")
        data = await gateway.files.read(content_hash)
    except (BadImage, FileNotFoundError) as error:
        raise ParentChannelGone(field="taskId") from error
    result = Result(image_url=KEPT + content_hash)
    with suppress(BadPicture):
        size = await gateway.imaging.probe(data)
        result = replace(result, width=size.width, height=size.height)
    return result


async def elsewhere(gateway: Gateway, planned: Plan) -> Order:
    """The same from the archived picture, for any channel. ParentChannelGone."""
    order, parent = planned.order, planned.parent
    path = _way(planned)
    if parent is None or not path:
        raise ParentChannelGone(field="taskId")
    pictures = await _pictures(gateway, order, parent)
    image, *mask = pictures
    motion = "high" if "high" in order.custom_id.lower() else "low"
    pressed = meaning(order.custom_id)
    return replace(
        order,
        rule=RULES[path],
        prompt=_prompt(parent),
        opened={url: each.hash for url, each in decode(parent.request).prompt_images.items()},
        asks=pressed.window is Window.ALWAYS or (pressed.window is Window.REMIX and order.remix),
        parent="",
        custom_id="",
        images=(image,),
        named_images={"mask": mask[0]} if mask else {},
        image_fields={"images": "taskId", "mask": "taskId"},
        fields={"motion": motion} if path == _VIDEO else {},
        bot=parent.bot,
    )


def follow_ups(job_hash: str) -> tuple[Button, ...]:
    """What may follow an enlarged picture of which there is no more than our copy."""
    return tuple(each for each in of_upscale(job_hash) if _path(meaning(each.custom_id)))


def _way(planned: Plan) -> str:
    """How it is asked for anew; empty for what needs the channel's own memory."""
    return _path(meaning(planned.order.custom_id)) if planned.order.custom_id else ""


def _path(pressed: Meaning) -> str:
    return next((path for path, actions in _WAYS.items() if pressed.action in actions), "")


async def _pictures(gateway: Gateway, order: Order, parent: Task) -> tuple[Image, ...]:
    """The archived picture; with room around it, and a mask of that, where that is wanted."""
    n = _number(order) if is_grid(parent) else 0
    margins = _margins(order.custom_id)
    if margins is None and meaning(order.custom_id).action in {Action.ZOOM, Action.PAN}:
        raise ParentChannelGone(field="taskId")
    try:
        content_hash = await content_of(gateway, Own(str(parent.id), n), "taskId")
        if margins is None:
            return (gateway.links.image(parent.id, n=n),)
        data = await gateway.files.read(content_hash)
        widened = await gateway.imaging.widen(data, margins)
    except (BadImage, BadPicture, FileNotFoundError) as error:
        raise ParentChannelGone(field="taskId") from error
    return tuple(Picture(each, "image/png") for each in widened)


def _margins(custom_id: str) -> Margins | None:
    """How much room a zoom or a pan adds; None for what adds none."""
    return next((room for form, room in _ROOM if form.match(custom_id)), None)


def _number(order: Order) -> int:
    """Which of the four the button names; 0 for a button of a single picture."""
    if not order.custom_id:
        return 0
    found = meaning(order.custom_id).pattern.fullmatch(order.custom_id)
    return int((found.groupdict().get("n") if found else None) or 0)


def _prompt(parent: Task) -> str:
    return parent.prompt or parent.result.final_prompt
