"""
When the channel of a finished task is gone: what its archived pictures still make possible.

A picture of a grid is cut from what we keep, at no charge. A key with `fallback` may start a
variation or a clip elsewhere, as a new task from the picture.
"""

from contextlib import suppress
from dataclasses import replace

from mjgate.domain.action import RULES, Action, Rule
from mjgate.domain.buttons import Window, meaning
from mjgate.domain.errors import BadImage, ParentChannelGone
from mjgate.domain.media import KEPT, is_grid
from mjgate.domain.order import Order
from mjgate.domain.task import Result, Task
from mjgate.imaging import BadPicture
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.own import Own, content_of
from mjgate.lifecycle.plan import Plan

_VARIATIONS = frozenset({Action.VARIATION, Action.LOW_VARIATION, Action.HIGH_VARIATION})


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
    rule = _rule(planned)
    if parent is None or rule is None or not order.custom_id:
        raise ParentChannelGone(field="taskId")
    n = _number(order) if is_grid(parent) else 0
    try:
        await content_of(gateway, Own(str(parent.id), n), "taskId")
    except BadImage as error:
        raise ParentChannelGone(field="taskId") from error
    motion = "high" if "high" in order.custom_id.lower() else "low"
    return replace(
        order,
        rule=rule,
        prompt=_prompt(parent),
        parent="",
        custom_id="",
        images=(gateway.links.image(parent.id, n=n),),
        image_fields={"images": "taskId"},
        fields={"motion": motion} if rule.action is Action.VIDEO else {},
        bot=parent.bot,
    )


def _rule(planned: Plan) -> Rule | None:
    if planned.action in _VARIATIONS:
        return RULES["submit/imagine"]
    window = planned.order.custom_id and meaning(planned.order.custom_id).window
    if planned.action is Action.VIDEO and window is not Window.ALWAYS:
        return RULES["submit/video"]
    return None


def _number(order: Order) -> int:
    """Which of the four the button names; 0 for a button of a single picture."""
    if not order.custom_id:
        return 0
    found = meaning(order.custom_id).pattern.fullmatch(order.custom_id)
    return int((found.groupdict().get("n") if found else None) or 0)


def _prompt(parent: Task) -> str:
    return parent.prompt or parent.result.final_prompt
