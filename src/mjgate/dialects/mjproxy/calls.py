"""What we ask of an upstream: one function for each kind of call."""

from collections.abc import Sequence
from typing import Final

from mjgate.dialects import Call, Options, Work
from mjgate.domain.action import Mode

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


def submit(work: Work, options: Options) -> Call:
    """Hand over `work`: the extras first, so that no stranger's field overrides one of ours."""
    form = options.get("path", "plain")
    body: dict[str, object] = dict(work.extras)
    body |= work.fields
    body |= _identity(work)
    if work.prompt:
        flag = f" --{work.mode.lower()}" if form == "flag" else ""
        body["prompt"] = work.prompt + flag
    body |= _images(work)
    body |= _filter(work.mode, options.get("filter", "nested"))
    path = work.path
    if path == "submit/edits" and options.get("edits") == "edit":
        path = "submit/edit"
    return Call("POST", f"{PREFIXES[form][work.mode]}/{path}", body)


def confirm(work: Work, upstream_id: str, options: Options) -> Call:
    """Confirm the window that `upstream_id` waits for."""
    form = options.get("path", "plain")
    body: dict[str, object] = {"taskId": upstream_id, "prompt": work.prompt}
    if "mask" in work.named_images:
        body["maskBase64"] = work.named_images["mask"]
    if work.nonce:
        body["state"] = work.nonce
    return Call("POST", f"{PREFIXES[form][work.mode]}/submit/modal", body)


def cancel(upstream_id: str, options: Options) -> Call:
    """Ask for a task to be stopped."""
    del options
    return Call("POST", f"/mj/task/{upstream_id}/cancel", {})


def look(upstream_ids: Sequence[str], options: Options) -> Call:
    """Ask for a batch; the mode's prefix plays no part in queries."""
    del options
    return Call("POST", "/mj/task/list-by-condition", {"ids": list(upstream_ids)})


def fetch(upstream_id: str, options: Options) -> Call:
    """Ask for one task alone."""
    del options
    return Call("GET", f"/mj/task/{upstream_id}/fetch")


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


def _images(work: Work) -> dict[str, object]:
    carried: dict[str, object] = {
        NAMED_FIELDS[role]: image for role, image in work.named_images.items()
    }
    field = IMAGE_FIELDS.get(work.path)
    if field and work.images:
        many = field.endswith("Array")
        carried[field] = list(work.images) if many else work.images[0]
    return carried


def _filter(mode: Mode, form: str) -> dict[str, object]:
    return {"modes": [mode.value]} if form == "flat" else {"accountFilter": {"modes": [mode.value]}}
