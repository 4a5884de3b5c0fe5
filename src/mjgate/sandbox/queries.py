"""Looking at jobs: alone, in lists, their seeds and pictures; and cancelling one."""

from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response

from mjgate.domain.errors import NotFound
from mjgate.domain.order import Body
from mjgate.domain.task import Status
from mjgate.sandbox import answers, views
from mjgate.sandbox.answers import Answer
from mjgate.sandbox.faults import NONE
from mjgate.sandbox.jobs import Job
from mjgate.sandbox.pictures import Pictures
from mjgate.sandbox.studio import Studio
from mjgate.sandbox.wire import read_body

IDS_MOST: Final = 5_000
LATEST: Final = 100
LONGEST: Final = 10
LATEST_MOST: Final = 10_000
"""How far back a search looks."""


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
        spoil = next((job.faults for job in jobs if answers.SPOILS & job.faults.keys()), NONE)
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

    async def job(self, request: Request) -> Response:
        """One task in the job dialect."""
        job = self._job(request)
        if "fetch-204" in job.faults:
            return Response(status_code=204)
        failed = job.status is Status.FAILURE
        data = views.job_data(job, self.studio.clock.now())
        body = {"code": 0, "message": job.fail_text if failed else "成功", "data": data}
        return answers.spoilt(body, job.faults)

    async def latest(self, _: Request) -> Response:
        """The newest hundred."""
        return self._shown(self.studio.latest(LATEST))

    async def queue(self, _: Request) -> Response:
        """What waits for a place, the next first."""
        return self._shown(list(self.studio.waiting))

    async def search(self, request: Request) -> Response:
        """A page of the tasks that fit."""
        body = await read_body(request)
        found = [job for job in self.studio.latest(LATEST_MOST) if fits(job, body)]
        if body.get("sort") == "id,asc":
            found.reverse()
        size = min(max(number(body.get("pageSize"), 20), 1), LATEST)
        page = max(number(body.get("pageNumber"), 0), 0)
        now = self.studio.clock.now()
        return answers.plain(
            {
                "content": [views.task(job, now) for job in found[page * size : (page + 1) * size]],
                "totalElements": len(found),
                "pageNumber": page,
                "pageSize": size,
            }
        )

    async def accounts(self, _: Request) -> Response:
        """None to be seen: a client asks."""
        return answers.plain([])

    async def health(self, _: Request) -> Response:
        """Served is well."""
        return answers.plain({"status": "ok"})

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
        name: str = request.path_params["name"]
        if job is None or views.link_is_dead(job, self.studio.clock.now()):
            return answers.error(404, "no such picture", "not_found")
        try:
            found = await self.pictures.file(job, name)
        except ValueError as problem:
            return answers.error(404, f"the picture cannot be drawn: {problem}", "not_found")
        if found is None:
            return answers.error(404, "no such picture", "not_found")
        kept = "no-store" if name.startswith("progress") else "public, max-age=86400"
        return Response(found.data, media_type=found.type, headers={"cache-control": kept})

    def _shown(self, jobs: list[Job]) -> Response:
        now = self.studio.clock.now()
        return answers.plain([views.task(job, now) for job in jobs])

    def _job(self, request: Request) -> Job:
        job = self.studio.find(request.path_params["id"])
        if job is None:
            raise NotFound("task not found")
        return job


def fits(job: Job, body: Body) -> bool:
    """Whether the job is one that a search asks for; what is absent asks for nothing."""
    statuses = listed(body.get("statusSet")) or listed(body.get("status"))
    ids = listed(body.get("ids"))
    return (
        (not statuses or job.status in statuses)
        and (not ids or job.id in ids)
        and (not body.get("action") or job.action == body["action"])
        and (not body.get("state") or job.state == body["state"])
        and str(body.get("prompt") or "") in job.prompt
    )


def listed(value: object) -> list[str]:
    """One or many as texts."""
    many = cast("list[object]", value) if isinstance(value, list) else [value]
    return [str(each) for each in many if each not in {None, ""}]


def number(value: object, default: int) -> int:
    """A whole number, also as text."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST else default
