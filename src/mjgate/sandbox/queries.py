"""Looking at jobs: alone, in lists, their seeds and pictures; and cancelling one."""

from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from mjgate.domain.errors import NotFound
from mjgate.domain.task import Status
from mjgate.sandbox import answers, views
from mjgate.sandbox.answers import Answer
from mjgate.sandbox.faults import NONE
from mjgate.sandbox.jobs import Job, Studio
from mjgate.sandbox.pictures import Pictures
from mjgate.sandbox.wire import read_body

IDS_MOST = 5_000


class Queries:
    """The handlers that look."""

    def __init__(self, studio: Studio, pictures: Pictures) -> None:
        self.studio = studio
        self.pictures = pictures

    async def fetch(self, request: Request) -> Response:
        """One task; 404 where there is none."""
        job = self._job(request)
        if "fetch-204" in job.faults:
            return Response(status_code=204)
        return answers.spoilt(views.task(job, self.studio.clock.now()), job.faults)

    async def listed(self, request: Request) -> Response:
        """The tasks of these ids, in the order asked; unknown ones are left out."""
        body = await read_body(request)
        asked = body.get("ids")
        ids = cast("list[object]", asked)[:IDS_MOST] if isinstance(asked, list) else []
        found = [self.studio.find(str(each)) for each in ids]
        jobs = [job for job in found if job is not None and "omit" not in job.faults]
        now = self.studio.clock.now()
        spoil = next((job.faults for job in jobs if job.faults), NONE)
        return answers.spoilt([views.task(job, now) for job in jobs], spoil)

    async def seed(self, request: Request) -> Response:
        """The number that a finished picture was drawn from."""
        job = self._job(request)
        if job.status is not Status.SUCCESS:
            refused = Answer(code=4, description="the task is not finished")
            return answers.submitted(refused, NONE)
        return answers.submitted(Answer(result=str(job.seed)), NONE)

    async def cancel(self, request: Request) -> Response:
        """End a task; one that has ended stays as it is."""
        job = self._job(request)
        if job.status.final:
            refused = Answer(code=4, description="the task is finished already")
            return answers.submitted(refused, NONE)
        self.studio.cancel(job)
        return answers.submitted(Answer(description="cancelled", result=job.id), NONE)

    async def stats(self, _: Request) -> Response:
        """How often something was asked for, and made."""
        counts = self.studio.counts
        return answers.plain(
            {
                "submits": counts.submits,
                "jobs": counts.jobs,
                "per_nonce": counts.per_nonce,
                "per_prompt": counts.per_prompt,
            }
        )

    async def image(self, request: Request) -> Response:
        """A picture or clip; no key, as with the networks that serve the real ones."""
        job = self.studio.find(request.path_params["id"])
        if job is None or views.link_is_dead(job, self.studio.clock.now()):
            return answers.error(404, "no such picture", "not_found")
        found = await self.pictures.of(job, request.path_params["name"])
        if found is None:
            return answers.error(404, "no such picture", "not_found")
        data, kind = found
        return Response(data, media_type=kind, headers={"cache-control": "public, max-age=86400"})

    def _job(self, request: Request) -> Job:
        job = self.studio.find(request.path_params["id"])
        if job is None:
            raise NotFound("task not found")
        return job
