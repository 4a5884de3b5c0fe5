"""/api/mj/task: the same tasks for clients of the second family of documents."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mjgate.dialects.job import DONE, JobAnswer, JobView, show
from mjgate.lifecycle.verdict import Outcome
from mjgate.links import media_of
from mjgate.store import party, tasks
from mjgate.web.context import Context
from mjgate.web.respond import answer
from mjgate.web.spots import Spot, made_of
from mjgate.web.submit import DRY_RUN, Desk, at

BELOW: Final = "/api/mj/task"


class JobShown(Struct, frozen=True):
    """A task in the job dialect; of a failed one `message` says why."""

    code: int
    message: str
    data: JobView


class JobNamed(Struct, frozen=True):
    """`taskId` is the task's UUID; after a dry run it is empty, and the forecast stands beside."""

    taskId: str  # noqa: N815  the wire's own name


class JobMade(Struct, frozen=True):
    """What an accepted submit is answered with in the job dialect."""

    code: int
    message: str
    data: JobNamed


def routes(context: Context) -> list[Route]:
    """A fetch, and every submit of the task protocol."""
    return [
        *made_of(context, SPOTS),
        *at(Desk(context, BELOW, _accepted, _rehearsed)),
    ]


async def _fetch(context: Context, request: Request) -> Response:
    """One task of one's own, by its UUID or its id; another's does not exist."""
    caller = await context.doors.caller(request)
    gateway = context.gateway
    task = await tasks.get(gateway.store.reader, request.path_params["id"], seen_by=caller)
    media = media_of(task, gateway.links)
    return answer(show(task, image_url=media.image_url, video_urls=media.video_urls))


async def _accepted(context: Context, outcome: Outcome) -> JobAnswer:
    """
    The task's UUID; that it waits, or that a window does, is not said in this format.

    Where one press made several tasks, the UUIDs of all, joined by commas.
    """
    lead = outcome.task
    found = [lead]
    if lead.lead_id is not None:
        found = await party.members(context.gateway.store.reader, lead.lead_id)
    return JobAnswer(0, DONE, {"taskId": ",".join(each.job_uuid for each in found)})


def _rehearsed(told: Mapping[str, object]) -> JobAnswer:
    return JobAnswer(0, DRY_RUN, {"taskId": "", **told})


SPOTS: Final = (
    Spot(
        path=f"{BELOW}/{{id}}/fetch",
        does=_fetch,
        summary="One task of one's own, by its UUID or its id.",
        gives=JobShown,
    ),
)
"""What is no submit."""
