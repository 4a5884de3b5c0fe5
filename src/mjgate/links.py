"""
Our own addresses: signed, so that a picture's URL is all one needs to see it.

Absolute addresses are built from the configured public URL only, never from a request's headers,
and are never stored.
"""

from dataclasses import dataclass
from typing import Final

from mjgate.dialects.mjproxy import Media, TaskView, show
from mjgate.domain.action import Action
from mjgate.domain.clock import HOUR
from mjgate.domain.task import Task
from mjgate.keys import Keys, Purpose

REFERENCE_LIFE: Final = 24 * HOUR
"""How long the address of a reference image is good."""

_SEVERAL: Final = frozenset({Action.EDITS, Action.RETEXTURE, Action.UPLOAD, Action.SWAP_FACE})
"""Actions whose result is several pictures; elsewhere four pictures are the cuts of a grid."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and checks addresses below `public_url` (without a trailing slash)."""

    public_url: str
    keys: Keys

    def image(self, task_id: int, *, n: int = 0, progress: int | None = None) -> str:
        """A task's picture; `n` from 1 names one of several, `progress` one that is not final."""
        index = f"/{n}" if n else ""
        version = "" if progress is None else str(progress)
        signature = self._sign("image", task_id, n, version)
        tail = f"&v={version}" if version else ""
        return f"{self.public_url}/mj/image/{task_id}{index}?sig={signature}{tail}"

    def video(self, task_id: int, n: int) -> str:
        """A task's clip, `n` from 0."""
        signature = self._sign("video", task_id, n, "")
        return f"{self.public_url}/mj/video/{task_id}/{n}.mp4?sig={signature}"

    def opens(self, kind: str, task_id: str, n: int, version: str, signature: str) -> bool:
        """Whether the signature was made here for exactly this."""
        return self.keys.verify(Purpose.MEDIA, signature, kind, task_id, str(n), version)

    def reference(self, task_id: int, content_hash: str, until: int) -> str:
        """Where a channel may fetch an image of a request, until that moment."""
        parts = (str(task_id), content_hash, str(until))
        signature = self.keys.sign(Purpose.REFERENCE, *parts)
        path = f"{self.public_url}/mj/reference/{task_id}/{content_hash}"
        return f"{path}?until={until}&sig={signature}"

    def opens_reference(self, task_id: str, content_hash: str, until: str, signature: str) -> bool:
        """Whether such an address was given out by us; the time is for others to judge."""
        return self.keys.verify(Purpose.REFERENCE, signature, task_id, content_hash, until)

    def notice(self, channel_id: int, task_id: int, attempt: int) -> str:
        """Where an upstream may tell us of changes; good for one attempt of one task."""
        secret = self.keys.sign(Purpose.NOTICE, str(channel_id), str(task_id), str(attempt))
        return f"{self.public_url}/mj/notify/{channel_id}/{task_id}-{attempt}/{secret}"

    def is_notice(self, channel_id: str, task_id: str, attempt: str, secret: str) -> bool:
        """Whether such an address was given out by us."""
        return self.keys.verify(Purpose.NOTICE, secret, channel_id, task_id, attempt)

    def _sign(self, kind: str, task_id: int, n: int, version: str) -> str:
        return self.keys.sign(Purpose.MEDIA, kind, str(task_id), str(n), version)


def view(task: Task, links: Links) -> TaskView:
    """The task as its owner sees it."""
    return show(task, media_of(task, links))


def media_of(task: Task, links: Links) -> Media:
    """The task's pictures and clips under our own addresses."""
    result = task.result
    if result.empty:
        return Media()
    pictures = tuple(links.image(task.id, n=n) for n in range(1, len(result.image_urls) + 1))
    several = task.action in _SEVERAL
    image = ""
    if result.image_url:
        image = links.image(task.id, progress=None if task.state.final else task.progress)
    elif pictures:
        image = pictures[0]
    return Media(
        image_url=image,
        image_urls=pictures if several else (),
        split_urls=() if several else pictures,
        video_urls=tuple(links.video(task.id, n) for n in range(len(result.video_urls))),
    )
