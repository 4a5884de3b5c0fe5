"""What we ask of an upstream: one function for each kind of call."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from mjgate.dialects import Call, Options, Work
from mjgate.domain.action import Action, Mode

PREFIXES: Final[dict[str, dict[Mode, str]]] = {
    "plain": dict.fromkeys(Mode, "/mj"),
    "mj-fast": {mode: f"/mj-{mode.lower()}/mj" for mode in Mode},
    "fast": {mode: f"/{mode.lower()}/mj" for mode in Mode},
    "flag": dict.fromkeys(Mode, "/mj"),
}
"""Where a mode's submits go, by the channel's option `path`; `flag` says it in the prompt."""

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


def submit(work: Work, options: Options) -> Call:
    """Hand over `work`: the extras first, so that no stranger's field overrides one of ours."""
    form = options.get("path", "plain")
    body: dict[str, object] = dict(work.extras)
    body |= work.fields
    body |= _identity(work)
    if work.prompt:
        body["prompt"] = _prompt(work, form)
    body |= _images(work)
    body |= _filter(work.mode, options.get("filter", "nested"))
    path = work.path
    if path == "submit/edits" and options.get("edits") == "edit":
        path = "submit/edit"
    if path == "submit/action" and options.get("actions") == "change":
        path, body = _by_number(work.custom_id, body)
    return Call("POST", f"{PREFIXES[form][work.mode]}/{path}", body)


def confirm(work: Work, upstream_id: str, options: Options) -> Call:
    """Confirm the window that `upstream_id` waits for."""
    form = options.get("path", "plain")
    body: dict[str, object] = {"taskId": upstream_id, "prompt": _prompt(work, form)}
    if "mask" in work.named_images:
        body["maskBase64"] = work.named_images["mask"]
    if work.nonce:
        body["state"] = work.nonce
    return Call("POST", f"{PREFIXES[form][work.mode]}/submit/modal", body)


def cancel(upstream_id: str, options: Options) -> Call:
    """Ask for a task to be stopped."""
    del options
    return Call("POST", f"/mj/task/{quote(upstream_id, safe='')}/cancel", {})


def look(upstream_ids: Sequence[str], options: Options) -> Call:
    """Ask for a batch; the mode's prefix plays no part in queries."""
    del options
    return Call("POST", "/mj/task/list-by-condition", {"ids": list(upstream_ids)})


def recent(options: Options) -> Call:
    """Ask for the latest tasks; not every upstream has such a list."""
    del options
    return Call("GET", "/mj/task/list")


def fetch(upstream_id: str, options: Options) -> Call:
    """Ask for one task alone."""
    del options
    return Call("GET", f"/mj/task/{quote(upstream_id, safe='')}/fetch")


def seed(upstream_id: str, options: Options) -> Call:
    """Ask for the number that a finished picture was made from."""
    del options
    return Call("GET", f"/mj/task/{quote(upstream_id, safe='')}/image-seed")


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


def _prompt(work: Work, form: str) -> str:
    return f"{work.prompt} --{work.mode.lower()}".strip() if form == "flag" else work.prompt


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
