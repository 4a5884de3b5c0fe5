"""
Our own addresses: signed, so that a picture's URL is all one needs to see it.

Absolute addresses are built from the configured public URL only, never from a request's headers,
and are never stored.
"""

from dataclasses import dataclass
from typing import Final

from mjgate.dialects.mjproxy import Media, TaskView, show
from mjgate.domain.action import Action
from mjgate.domain.clock import DAY, HOUR, Clock
from mjgate.domain.media import Kind, Size, pieces
from mjgate.domain.task import State, Task
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
    days: int = 0  # that an address of a picture is good; 0: for ever
    clock: Clock | None = None

    def image(
        self, task_id: int, *, n: int = 0, progress: int | None = None, size: str = ""
    ) -> str:
        """
        A task's picture; `n` from 1 names one of several.

        `progress` makes it one that is not final, `size` (thumb, small, large) a smaller one.
        """
        path = f"image/{task_id}/{n}" if n else f"image/{task_id}"
        if progress is not None:
            return self._media(path, "image", task_id, n, "v", str(progress))
        return self._media(path, "image", task_id, n, "size", size)

    def video(self, task_id: int, n: int, *, size: str = "") -> str:
        """A task's clip, `n` from 0; with a `size` a still picture of it."""
        return self._media(f"video/{task_id}/{n}.mp4", "video", task_id, n, "size", size)

    def opens(
        self,
        kind: str,
        task_id: str,
        n: int,
        variant: str,
        signature: str,
        *,
        until: str = "",
        now: int = 0,
    ) -> bool:
        """Whether the signature was made here for exactly this, and is still good at `now`."""
        parts = (kind, task_id, str(n), variant, *([until] if until else ()))
        if not self.keys.verify(Purpose.MEDIA, signature, *parts):
            return False
        return not until or now // DAY < int(until)

    def until(self) -> int:
        """The day, counted from 1970, before which addresses made now are good; 0: for ever."""
        return self.clock.now() // DAY + self.days + 1 if self.days and self.clock else 0

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

    def _media(self, path: str, kind: str, task_id: int, n: int, name: str, variant: str) -> str:
        until = str(self.until() or "")
        parts = (kind, str(task_id), str(n), variant, *([until] if until else ()))
        signature = self.keys.sign(Purpose.MEDIA, *parts)
        tail = f"&{name}={variant}" if variant else ""
        end = f"&until={until}" if until else ""
        return f"{self.public_url}/mj/{path}?sig={signature}{tail}{end}"


def view(task: Task, links: Links) -> TaskView:
    """The task as its owner sees it."""
    return show(task, media_of(task, links))


def brief(task: Task, links: Links) -> TaskView:
    """The same with the addresses of its picture and clips alone: each costs a signature."""
    result = task.result
    image = ""
    if result.image_url:
        image = links.image(task.id, progress=None if task.state.final else task.progress)
    elif result.image_urls:
        image = links.image(task.id, n=1)
    clips = range(len(result.video_urls))
    videos = tuple(links.video(task.id, n) for n in clips)
    return show(task, Media() if result.empty else Media(image_url=image, video_urls=videos))


def media_of(task: Task, links: Links) -> Media:
    """The task's pictures and clips under our own addresses."""
    result = task.result
    if result.empty:
        return Media()
    named = [piece.n for piece in pieces(task) if piece.kind is Kind.IMAGE and piece.n]
    pictures = tuple(links.image(task.id, n=n) for n in named)
    several = task.action in _SEVERAL
    image, thumbnail = "", ""
    if result.image_url:
        image = links.image(task.id, progress=None if task.state.final else task.progress)
    elif pictures:
        image = pictures[0]
    if image and task.state is State.SUCCESS:
        thumbnail = links.image(task.id, n=0 if result.image_url else 1, size=Size.SMALL)
    clips = range(len(result.video_urls))
    stills = [thumbnail or links.video(task.id, n, size=Size.SMALL) for n in clips]
    shown = named if several and not clips else ()  # signing is the dear part of a long list
    small = [links.image(task.id, n=n, size=Size.SMALL) for n in shown]
    final = task.state is State.SUCCESS
    return Media(
        image_url=image,
        image_urls=pictures if several else (),
        split_urls=() if several else pictures,
        thumbnail_url=thumbnail or (stills[0] if stills and final else ""),
        video_urls=tuple(links.video(task.id, n) for n in clips),
        thumbnails=tuple((stills if clips else small) if final else ()),
    )
