"""
How a channel gets the images of a request: as bytes, or as short-lived addresses of ours.

Everything is made of the task and its attempt, so that a repeat of the attempt is the same request.
"""

import asyncio
import base64

from mjgate.domain.errors import Rejected
from mjgate.domain.image import sniff
from mjgate.domain.reasons import Verdict
from mjgate.domain.task import Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.inputs import BYTES_ONLY
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.work import Carry, Stored, decode
from mjgate.links import REFERENCE_LIFE
from mjgate.store.attempts import Attempt


def carrier(gateway: Gateway, task: Task, attempt: Attempt, to: Line) -> Carry:
    """What turns a stored image into what goes into the body for this channel."""
    form = to.channel.options.get("images", "base64")
    until = attempt.opened_at + REFERENCE_LIFE

    async def carried(image: Stored) -> str:
        if image.url and form == BYTES_ONLY:
            msg = "The channel takes pictures as bytes only."
            raise Rejected(Verdict.CHANNEL, msg)
        if image.url:
            return image.url
        if form == "url":
            return gateway.links.reference(task.id, image.hash, until)
        return await asyncio.to_thread(_text, await gateway.files.read(image.hash))

    return carried


def prompted(gateway: Gateway, task: Task, attempt: Attempt, prompt: str) -> str:
    """The prompt with fresh addresses in place of those of our own pictures."""
    until = attempt.opened_at + REFERENCE_LIFE
    for url, stored in decode(task.request).prompt_images.items():
        prompt = prompt.replace(url, gateway.links.reference(task.id, stored.hash, until))
    return prompt


def _text(data: bytes) -> str:
    """The bytes as an address that holds them."""
    return f"data:{sniff(data) or 'image/png'};base64,{base64.b64encode(data).decode()}"
