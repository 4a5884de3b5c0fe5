"""What streams tell is read and written once for all who ask at the same moment."""

import asyncio

from mjgate.domain.task import State
from mjgate.store.moves import move
from mjgate.web.views import Views
from tests.rig import Rig


async def test_those_who_ask_together_share_the_work_and_who_asks_later_sees_the_change(
    rig: Rig,
) -> None:
    views = Views(rig.gateway)
    first, second = int(await rig.imagine()), int(await rig.imagine())

    one, same, other, none = await asyncio.gather(*map(views.of, (first, first, second, 5)))
    await rig.gateway.store.write(move, first, State.RUNNING, actor="a test", now=rig.clock.now())
    later = await views.of(first)

    assert one is same
    assert none is None
    assert one is not None
    assert other is not None
    assert later is not None
    assert (one.task.id, other.task.id) == (first, second)
    assert (one.task.state, later.task.state) == (State.SUBMITTED, State.RUNNING)
    assert b'"IN_PROGRESS"' in later.body


async def test_who_goes_away_takes_nothing_from_the_others(rig: Rig) -> None:
    views = Views(rig.gateway)
    task_id = int(await rig.imagine())
    gone = asyncio.ensure_future(views.of(task_id))
    here = asyncio.ensure_future(views.of(task_id))
    await asyncio.sleep(0)

    gone.cancel()

    assert await here is not None
    assert gone.cancelled()
