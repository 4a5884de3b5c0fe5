"""
The bodies of submits as the midjourney-proxy family writes them, for every format that takes them.

Extras come first, so that no stranger's field overrides one of ours.
"""

import re
from typing import Final

from mjgate.dialects import Options, Work
from mjgate.domain.action import Action, Mode

IMAGE_FIELDS: Final[dict[str, str]] = {
    "submit/imagine": "base64Array",
    "submit/blend": "base64Array",
    "submit/describe": "base64",
    "submit/video": "image",
    "submit/edits": "image",
    "submit/retexture": "image",
    "insight-face/swap": "sourceBase64",
}
"""The field that carries the reference images of a submit."""

NAMED_FIELDS: Final[dict[str, str]] = {
    "mask": "maskBase64",
    "end_image": "endImage",
    "target": "targetBase64",
}

ADDRESS_FIELDS: Final[dict[str, str]] = {
    "base64": "link",
    "sourceBase64": "sourceUrl",
    "targetBase64": "targetUrl",
}
"""Where an image goes that is an address, if not where its bytes would."""

_BY_NUMBER = re.compile(r"MJ::JOB::(upsample|variation|reroll)::([0-4])::.+", re.IGNORECASE)
_WORDS: Final[dict[str, Action]] = {
    "upsample": Action.UPSCALE,
    "variation": Action.VARIATION,
    "reroll": Action.REROLL,
}


def submitting(work: Work, options: Options) -> tuple[str, dict[str, object]]:
    """Path and body that hand `work` over, in the channel's choice of forms."""
    body: dict[str, object] = dict(work.extras)
    body |= work.fields
    body |= _identity(work)
    if work.prompt:
        body["prompt"] = prompt(work, options)
    body |= _images(work)
    body |= _filter(work.mode, options.get("filter", "nested"))
    path = work.path
    if path == "submit/edits" and options.get("edits") == "edit":
        path = "submit/edit"
    if path == "submit/action" and options.get("actions") == "change":
        return _by_number(work.custom_id, body)
    return path, body


def confirming(work: Work, upstream_id: str, options: Options) -> dict[str, object]:
    """The body that confirms the window which `upstream_id` waits for."""
    body: dict[str, object] = {"taskId": upstream_id, "prompt": prompt(work, options)}
    if "mask" in work.named_images:
        body["maskBase64"] = work.named_images["mask"]
    if work.nonce:
        body["state"] = work.nonce
    return body


def prompt(work: Work, options: Options) -> str:
    """The prompt, with the mode in it where the channel wants it there."""
    flag = options.get("path") == "flag"
    return f"{work.prompt} --{work.mode.lower()}".strip() if flag else work.prompt


def _identity(work: Work) -> dict[str, object]:
    named: dict[str, object] = {"botType": work.bot.value}
    if work.nonce:
        named["state"] = work.nonce
    if work.notify_url:
        named["notifyHook"] = work.notify_url
    if work.custom_id:
        named["customId"] = work.custom_id
    if work.parent:
        named["taskId"] = work.parent
    if work.remix and work.custom_id:
        named["enableRemix"] = True
    return named


def _by_number(custom_id: str, body: dict[str, object]) -> tuple[str, dict[str, object]]:
    """Path and body of a press for channels that know only numbers; other buttons stay buttons."""
    found = _BY_NUMBER.fullmatch(custom_id)
    if found is None:
        return "submit/action", body
    action = _WORDS[found[1].lower()]
    change = {name: value for name, value in body.items() if name != "customId"}
    change["action"] = action.value
    if action is not Action.REROLL:
        change["index"] = int(found[2])
    return "submit/change", change


def _images(work: Work) -> dict[str, object]:
    carried = {
        _field(NAMED_FIELDS[role], image): image for role, image in work.named_images.items()
    }
    body: dict[str, object] = dict(carried)
    name = IMAGE_FIELDS.get(work.path)
    if name and work.images:
        first = work.images[0]
        many = name.endswith("Array")
        body[_field(name, first)] = list(work.images) if many else first
    return body


def _field(name: str, image: str) -> str:
    """The field for an image, which some have one of for bytes and one for addresses."""
    return name if image.startswith("data:") else ADDRESS_FIELDS.get(name, name)


def _filter(mode: Mode, form: str) -> dict[str, object]:
    return {"modes": [mode.value]} if form == "flat" else {"accountFilter": {"modes": [mode.value]}}
