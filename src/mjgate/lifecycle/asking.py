"""Asking a channel how its tasks are doing: many in one call, and alone what lists leave out."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from mjgate.dialects import Call
from mjgate.domain.errors import Unanswered
from mjgate.domain.task import Report, Status, Task
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.lines import Line
from mjgate.lifecycle.look import Look, too_late
from mjgate.providers import batch_of
from mjgate.store.follow import Followed
from mjgate.upstream import LOOK_LIMIT

log = logging.getLogger(__name__)

MISSES: Final = 3
"""After how many looks without it a task is asked for alone."""

ALONE_LIMIT: Final = 5.0
"""Seconds for the answer about one task."""

_RANK: Final[Mapping[Status | None, int]] = dict.fromkeys((None, *Status), 0) | {
    Status.FAILURE: 1,
    Status.SUCCESS: 2,
}
"""Which of two reports of the same task in one answer counts."""


class Asking:
    """One look at a channel. Once a call was not answered, none is made any more."""

    def __init__(self, gateway: Gateway, to: Line) -> None:
        self._gateway = gateway
        self._to = to
        self._found: dict[str, Report] = {}
        self._unanswered: set[str] = set()
        self._silent = False

    async def for_all(self, ids: Sequence[str]) -> None:
        """Ask for these, as many in a call as the channel takes."""
        most = batch_of(self._to.provider, self._to.channel.options)
        parts = [ids[start : start + most] for start in range(0, len(ids), most)]
        await asyncio.gather(*(self._ask(part) for part in parts))

    async def looks(self, tasks: Sequence[tuple[Followed, Task]], began: int) -> list[Look]:
        """What was said of each task; those are asked for alone of which that is not enough."""
        looks = [Look(row, task, self._found.get(row.upstream_id), began) for row, task in tasks]
        enough = [look for look in looks if not self._wants_more(look)]
        more = [self._closer(look) for look in looks if self._wants_more(look)]
        return [*enough, *await asyncio.gather(*more)]

    async def _closer(self, look: Look) -> Look:
        """A look at the task alone."""
        dialect, options = self._to.provider.dialect, self._to.channel.options
        upstream_id = look.row.upstream_id
        call = dialect.fetch(upstream_id, options)
        if call == dialect.look([upstream_id], options):
            return look  # it was asked for alone just now
        report = await self._alone(call, upstream_id) or look.report
        return replace(look, report=report, alone=True)

    def _wants_more(self, look: Look) -> bool:
        """Whether a list left the task out too often, or at its end, or the buttons of its end."""
        if look.row.upstream_id in self._unanswered:
            return False
        if look.report is None:
            often = look.row.misses + 1 >= MISSES
            return often or too_late(self._gateway, look) is not None
        return look.report.status is Status.SUCCESS and look.report.buttons is None

    async def _ask(self, ids: Sequence[str]) -> None:
        call = self._to.provider.dialect.look(ids, self._to.channel.options)
        asked = set(ids)
        try:
            reports = await self._reports(call, LOOK_LIMIT)
        except Unanswered as error:
            told = {"channel": self._to.channel.id, "why": str(error)}
            log.warning("no answer to a look", extra=told)
            self._unanswered |= asked
            return
        for each in reports:
            before = self._found.get(each.upstream_id)
            if each.upstream_id in asked and (
                before is None or _RANK[each.status] > _RANK[before.status]
            ):
                self._found[each.upstream_id] = each

    async def _alone(self, call: Call, upstream_id: str) -> Report | None:
        try:
            found = await self._reports(call, ALONE_LIMIT)
        except Unanswered:
            return None
        return next((each for each in found if each.upstream_id == upstream_id), None)

    async def _reports(self, call: Call, limit: float) -> list[Report]:
        async with self._gateway.turns.of(self._to.channel.id):
            if self._silent:
                msg = "a call just before was not answered"
                raise Unanswered(msg)
            try:
                heard = await self._gateway.upstream.look(self._to.endpoint, call, limit=limit)
            except Unanswered:
                self._silent = True
                raise
        return self._to.provider.dialect.reports(heard)
