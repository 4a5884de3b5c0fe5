"""
What this process has counted, in the form that Prometheus reads.

Counters begin at nought with the process. What the database knows better, such as how many wait,
is no counter here: it is read when somebody asks (`web.metrics`).
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

CALLS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120)
PICTURES: Final = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600, 7200)
"""Upper ends of what is counted together, in seconds."""

Labels = tuple[str, ...]


class Metrics:
    """
    Counters of one process, in a registry of their own.

    The one that counts under some labels is looked for once: the library takes a lock to find it.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._submits = cache(Counter(
            "mjgate_submits", "Tasks that were accepted.", ("action", "mode"),
            registry=self._registry,
        ).labels)  # fmt: skip
        self._finishes = cache(Counter(
            "mjgate_finishes", "Tasks that ended; the reason is empty for a success.",
            ("state", "reason"), registry=self._registry,
        ).labels)  # fmt: skip
        self._picture = cache(Histogram(
            "mjgate_picture_seconds", "From submit to result, of tasks that succeeded.",
            ("action", "mode"), buckets=PICTURES, registry=self._registry,
        ).labels)  # fmt: skip
        self._upstream = cache(Histogram(
            "mjgate_upstream_seconds", "How long channels take to answer.",
            ("channel", "call"), buckets=CALLS, registry=self._registry,
        ).labels)  # fmt: skip
        self._unanswered = cache(Counter(
            "mjgate_upstream_unanswered", "Calls that a channel did not answer.",
            ("channel", "call"), registry=self._registry,
        ).labels)  # fmt: skip
        self._looks = Counter("mjgate_looks", "Looks at channels.", registry=self._registry)

    def accepted(self, action: str, mode: str) -> None:
        """A task was accepted."""
        self._submits(action, mode).inc()

    def ended(self, state: str, reason: str) -> None:
        """A task has ended."""
        self._finishes(state, reason).inc()

    def delivered(self, action: str, mode: str, seconds: float) -> None:
        """A task has its result, so long after its submit."""
        self._picture(action, mode).observe(seconds)

    def timed(self, channel_id: int, call: str, seconds: float, answered: bool) -> None:  # noqa: FBT001  one of four facts
        """A channel was asked."""
        channel = str(channel_id)
        self._upstream(channel, call).observe(seconds)
        if not answered:
            self._unanswered(channel, call).inc()
        if call == "look":
            self._looks.inc()

    def text(self, now: Iterable[Metric]) -> bytes:
        """Everything, with what is so `now` besides."""
        return generate_latest(_Both(self._registry, now))


class _Both(CollectorRegistry):
    """The counters, and behind them what was read just now."""

    def __init__(self, counted: CollectorRegistry, now: Iterable[Metric]) -> None:
        super().__init__()
        self._counted = counted
        self._now = now

    def collect(self) -> Iterable[Metric]:
        yield from self._counted.collect()
        yield from self._now


def gauge(
    name: str, help_text: str, values: Iterable[tuple[Labels, float]], labels: Labels = ()
) -> Metric:
    """What is so now: a value for each set of labels."""
    found = GaugeMetricFamily(f"mjgate_{name}", help_text, labels=labels)
    for names, value in values:
        found.add_metric(names, value)
    return found
