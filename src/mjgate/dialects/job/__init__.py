"""
The job dialect: submits with the bodies of the midjourney-proxy family, and one fetch by UUID.

`calls` says what we ask upstream, `answers` reads what comes back, `views` writes what we serve.
It has no lists, no cancel, no seeds and no notices, and says nothing of progress or windows.
Sources: the second family of public documents, and a recorded answer of it.
"""

from mjgate.dialects.job.answers import answered, reports, seed_in
from mjgate.dialects.job.calls import cancel, confirm, fetch, look, recent, seed, submit
from mjgate.dialects.job.views import DONE, JobAnswer, JobView, show

__all__ = [
    "DONE",
    "JobAnswer",
    "JobView",
    "answered",
    "cancel",
    "confirm",
    "fetch",
    "look",
    "recent",
    "reports",
    "seed",
    "seed_in",
    "show",
    "submit",
]
