"""What has to be there before a job can end: its input pictures, and the words of DESCRIBE."""

import asyncio
from typing import Final

import aiohttp

from mjgate.domain.action import Action
from mjgate.domain.image import Picture, sniff
from mjgate.domain.order import Image, Order
from mjgate.sandbox.jobs import Job
from mjgate.sandbox.pictures import Pictures

INPUT_MOST: Final = 20 * 1024 * 1024
PATIENCE: Final = aiohttp.ClientTimeout(total=10)


class Preparation:
    """Fetches and keeps input pictures, and looks at them where the result is words."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self.client: aiohttp.ClientSession | None = None

    def keep(self, job: Job, order: Order) -> None:
        """Keep the inputs that came along; addresses are kept as they are till `start`."""
        job.images = tuple(self._name(image) for image in order.images)
        job.named_images = {role: self._name(image) for role, image in order.named_images.items()}

    def start(self, job: Job) -> None:
        """Begin what cannot be done at once; the job does not end before."""
        if job.action is Action.SHORTEN:
            job.texts = shortened(job.prompt)
        remote = any("://" in name for name in (*job.images, *job.named_images.values()))
        if self.pictures.plain:
            if job.action is Action.DESCRIBE:
                job.texts = tuple(f"a plain picture, take {n}" for n in range(1, 5))
        elif remote or job.action is Action.DESCRIBE:
            job.preparing = asyncio.create_task(self._prepare(job))

    async def _prepare(self, job: Job) -> None:
        try:
            job.images = tuple([await self._fetched(name) for name in job.images])
            job.named_images = {
                role: await self._fetched(name) for role, name in job.named_images.items()
            }
            if job.action is Action.DESCRIBE:
                job.texts = await self.pictures.easel.describe(job)
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            job.fail_text = f"the image could not be read: {problem}"

    def _name(self, image: Image) -> str:
        return self.pictures.keep(image.data) if isinstance(image, Picture) else image

    async def _fetched(self, name: str) -> str:
        """The name of the kept input. ValueError when there is no picture at the address."""
        if "://" not in name or self.client is None:
            return name
        async with self.client.get(name, timeout=PATIENCE) as answer:
            answer.raise_for_status()
            data = await answer.content.read(INPUT_MOST)
            while len(data) < INPUT_MOST and (more := await answer.content.read(INPUT_MOST)):
                data += more
        if sniff(data) is None:
            raise ValueError(f"there is no picture at {name}")
        return self.pictures.keep(data)


def shortened(prompt: str) -> tuple[str, ...]:
    """Ever shorter forms of a prompt, five of them: the words that say most come first."""
    words = [word for word in prompt.split() if not word.startswith(("--", "[["))]
    kept = sorted(range(len(words)), key=lambda at: (-len(words[at]), at))
    shares = (0.9, 0.7, 0.5, 0.35, 0.2)
    counts = [max(1, round(len(words) * share)) for share in shares]
    return tuple(" ".join(words[at] for at in sorted(kept[:count])) for count in counts)
