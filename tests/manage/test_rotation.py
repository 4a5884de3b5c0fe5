import pytest

from mjgate.manage import Desk, Prevented
from mjgate.manage.rotation import ALIVE, rotate
from mjgate.store.database import Transaction


async def test_a_master_key_is_not_replaced_while_a_gateway_runs(desk: Desk) -> None:
    async def beat(tx: Transaction, at: int) -> None:
        await tx.run("DELETE FROM nodes")
        await tx.run(
            "INSERT INTO nodes (id, name, started_at, beat_at) VALUES ('n', 'n', :at, :at)", at=at
        )

    await desk.store.write(beat, desk.clock.now())
    with pytest.raises(Prevented, match="stop every one of them"):
        await rotate(desk)
    await desk.store.write(beat, desk.clock.now() - ALIVE - 1)

    assert sum((await rotate(desk)).values()) == 0
