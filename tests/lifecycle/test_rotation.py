"""Keys of a channel that are changed while tasks run: each task is asked for with its own."""

from mjgate.domain.clock import SECOND
from mjgate.keys import Purpose
from mjgate.store import channels
from tests.rig import PRICE, RICH, Rig


async def rotate(rig: Rig, secret: str) -> None:
    """Give the channel another key; new work goes out with it a second later."""
    gateway = rig.gateway
    await gateway.store.write(
        channels.add_credential,
        rig.channel_id,
        secret_enc=gateway.keys.encrypt(Purpose.CHANNEL, secret),
        tail=secret[-4:],
        key_id=gateway.keys.current.id,
        now=rig.clock.now(),
    )
    rig.clock.pass_by(1_001)


async def key_of(rig: Rig, task_id: str) -> int:
    return (await rig.task(task_id)).credential_id or 0


async def test_tasks_finish_with_the_key_they_began_with_and_an_orphan_says_why(rig: Rig) -> None:
    first = await rig.imagine("one")
    await rotate(rig, "the-second-key")
    orphan = await rig.imagine("two")
    await rotate(rig, "the-third-key")
    third = await rig.imagine("three")
    keys = [await key_of(rig, each) for each in (first, orphan, third)]

    in_use = await rig.gateway.store.write(channels.drop_credential, keys[2])
    dropped = await rig.gateway.store.write(channels.drop_credential, keys[1])
    rig.clock.pass_by(1_001)
    await rig.look()

    told = await rig.fetch(orphan)
    assert len(set(keys)) == 3
    assert (in_use, dropped) == (False, True)
    assert (await rig.finished(first))["status"] == "SUCCESS"
    assert (await rig.finished(third))["status"] == "SUCCESS"
    assert (told["status"], told["properties"]["reason"]) == ("FAILURE", "channel_gone")
    assert await rig.balance() == (RICH - 2 * PRICE, 0, 2 * PRICE)
    assert await rig.books() == ()


async def test_a_follow_up_goes_out_with_its_parents_key_as_long_as_there_is_one(
    rig: Rig,
) -> None:
    grid = await rig.imagine()
    await rig.finished(grid)
    await rotate(rig, "the-second-key")

    kept = await rig.press(grid, "U1")
    await rig.gateway.store.write(channels.drop_credential, await key_of(rig, grid))
    rig.clock.pass_by(2 * SECOND)
    gone = await rig.press(grid, "U2")

    assert await key_of(rig, kept["result"]) == await key_of(rig, grid)
    assert (gone["code"], gone["properties"]["reason"]) == (4, "parent_channel_gone")
    assert (await rig.balance())[1] == PRICE // 2
    assert await rig.books() == ()
