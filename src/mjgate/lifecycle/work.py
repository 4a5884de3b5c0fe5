"""The request as a task keeps it, and the work that a channel gets from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from mjgate.dialects import Work
from mjgate.domain.task import Task
from mjgate.store.attempts import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An image of a request: its content's hash, or an address."""

    hash: str = ""
    url: str = ""


Carry = Callable[[Stored], Awaitable[str]]
"""What turns a stored image into what a channel gets: a `data:` text or an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """All that is needed to send a task, at most 64 KiB as JSON; images are by hash."""

    path: str
    prompt: str = ""  # as it goes upstream
    parent: str = ""  # the upstream's id of the parent
    group: str = ""
    instance_id: str = ""
    remix: bool = False
    prefers: tuple[str, ...] = ()
    images: tuple[Stored, ...] = ()
    named_images: dict[str, Stored] = field(default_factory=dict[str, Stored])
    prompt_images: dict[str, Stored] = field(default_factory=dict[str, Stored])  # by address
    fields: dict[str, str | int | bool] = field(default_factory=dict[str, str | int | bool])
    extras: dict[str, object] = field(default_factory=dict[str, object])
    hops: tuple[str, ...] = ()  # installations that it has come through


def encode(request: Request) -> str:
    """The request as its column keeps it."""
    return msgspec.json.encode(request).decode()


def decode(text: str) -> Request:
    """Read what `encode` wrote."""
    return msgspec.json.decode(text, type=Request)


async def work_of(task: Task, attempt: Attempt, carry: Carry, notify_url: str) -> Work:
    """What the channel gets: the request with its images put back in."""
    request = decode(task.request)
    return Work(
        path=request.path,
        action=task.action,
        mode=task.mode,
        bot=task.bot,
        prompt=request.prompt,
        custom_id=task.custom_id,
        parent=request.parent,
        nonce=attempt.nonce,
        notify_url=notify_url,
        remix=request.remix,
        images=tuple([await carry(image) for image in request.images]),
        named_images={role: await carry(image) for role, image in request.named_images.items()},
        fields=request.fields,
        extras=request.extras,
    )
