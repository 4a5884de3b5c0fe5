"""What the documents say besides what the code says of itself, and in which language."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Final


class Language(StrEnum):
    """The languages of the documents."""

    EN = "en"
    ZH = "zh"


ABOUT: Final = (
    "Submit, get an id, ask for the task until it is SUCCESS or FAILURE, or be told by a webhook."
    " A base URL and a key are all that clients of the midjourney-proxy family need."
)

TAGS: Final[Mapping[str, str]] = {
    "Submit": "Each of these makes a task, or takes one on. Also below the prefix of a mode.",
    "Ask": "What is asked of one's own tasks.",
    "Pictures and clips": "Addresses that tasks show. The signature in them is all the key needed.",
    "Job dialect": "The same tasks for clients of the second family of documents.",
    "For channels": "What upstreams are given to call; of no use to anybody else.",
    "Health and documents": "Open to everybody.",
    "Accounts": "Who may come in, and with how much.",
    "API keys": "One's own keys, and what each may do.",
    "Channels": "The accounts at providers that do the work.",
    "Groups and prices": "What a task costs whom.",
    "Settings": "What an admin may change while it runs.",
    "Books": "What happened to money, and who changed what.",
    "Tasks": "Tasks as their owners and admins look after them.",
    "Webhooks": "What was told to whom, and telling it again.",
}

SCHEMES: Final[Mapping[str, str]] = {
    "key": "An API key, with or without `sk-` in front.",
    "bearerKey": "The same in `Authorization`, with or without `Bearer `.",
    "accessToken": "The access token of a user.",
    "metricsToken": "`MJGATE_METRICS_TOKEN`; from this machine none is needed.",
    "session": "A login from our own pages; changes carry `X-CSRF-Token` too.",
}

PARAMETERS: Final[Mapping[str, str]] = {
    "id": "What it is about, by its id.",
    "mj_id": "The task's id.",
    "n": "Which of several.",
    "dryRun": "1: check and price it, send and charge nothing.",
    "Idempotency-Key": "A repeat under the same key gets the first answer again, for 24 hours.",
    "Last-Event-ID": "Go on after this event.",
    "lang": "en or zh.",
    "sig": "The signature that the task's address has.",
    "size": "thumb, small or large.",
    "v": "The progress that the address was signed with.",
    "until": "The time until which the address is good.",
    "p": "The page, from 1.",
    "page_size": "How many on a page, at most 100.",
    "cursor": "Go on below this one.",
    "q": "What stands in it.",
}

_PIXEL: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
_TASK: Final = "1795265355165431"
_BUTTON: Final = "MJ::JOB::upsample::1::49aafdc5-3f71-4335-afae-71df83c9aef0"

EXAMPLES: Final[Mapping[str, Mapping[str, object]]] = {
    "submit/imagine": {"prompt": "a red lighthouse at dusk --ar 16:9"},
    "submit/action": {"taskId": _TASK, "customId": _BUTTON},
    "submit/change": {"taskId": _TASK, "action": "UPSCALE", "index": 1},
    "submit/simple-change": {"content": f"{_TASK} U1"},
    "submit/modal": {"taskId": _TASK, "prompt": "a red lighthouse in the fog"},
    "submit/blend": {"base64Array": [_PIXEL, _PIXEL], "dimensions": "SQUARE"},
    "submit/describe": {"base64": _PIXEL},
    "submit/shorten": {"prompt": "a very red lighthouse at dusk by the quiet sea"},
    "submit/video": {"image": _PIXEL, "prompt": "waves come in", "motion": "low"},
    "submit/edits": {"prompt": "at night", "image": _PIXEL},
    "submit/retexture": {"prompt": "made of glass", "image": _PIXEL},
    "submit/upload-discord-images": {"base64Array": [_PIXEL]},
    "insight-face/swap": {"sourceBase64": _PIXEL, "targetBase64": _PIXEL},
}
"""A body for each rule."""


def sayer(language: Language) -> Callable[[str], str]:
    """Says a sentence in that language; one that nobody translated stays as it is."""
    if language is Language.EN:
        return str
    known = chinese()
    return lambda text: known.get(text, text)


def chinese() -> dict[str, str]:
    """Every sentence in Chinese."""
    text = files("mjgate").joinpath("assets", "docs", "zh.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found
