"""
The midjourney-proxy format: what our clients speak to us, and most upstreams with us.

`calls` says what we ask upstream, `answers` and `looks` read what comes back, `views` writes what
we serve.
Sources: the protocol's public documents and recorded answers of services that speak it.
"""

from mjgate.dialects.mjproxy.answers import answered, seed_in
from mjgate.dialects.mjproxy.calls import cancel, confirm, fetch, look, recent, seed, submit
from mjgate.dialects.mjproxy.looks import read_report, reports
from mjgate.dialects.mjproxy.views import Media, PageView, SubmitAnswer, TaskView, encode, show

__all__ = [
    "Media",
    "PageView",
    "SubmitAnswer",
    "TaskView",
    "answered",
    "cancel",
    "confirm",
    "encode",
    "fetch",
    "look",
    "read_report",
    "recent",
    "reports",
    "seed",
    "seed_in",
    "show",
    "submit",
]
