"""Groups: what their users pay, in thousandths, and what holds for them."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from mjgate.domain.action import Mode
from mjgate.manage import BadValue, Desk, Prevented, checks
from mjgate.manage.people import differences
from mjgate.store import groups
from mjgate.store.database import ConstraintBroken, Transaction
from mjgate.store.groups import Group

RATIO_MOST: Final = 1_000_000
DEFAULT: Final = "default"


async def create_group(
    desk: Desk, name: str, *, ratio: int, default_mode: str, max_running: int | None
) -> Group:
    """Make a group. BadValue, Taken."""
    checks.name(name)
    if " " in name:
        raise BadValue("The name of a group has no blanks.", field="name")
    mode = checks.word(Mode, default_mode, field="default_mode")
    group = _checked(Group(0, name, ratio, mode, 0, max_running))
    return await desk.store.write(_create, desk, group)


async def change_group(desk: Desk, group_id: int, changes: Mapping[str, Any]) -> Group:
    """Change what is named; how it then is. BadValue, NotFound."""
    return await desk.store.write(_change, desk, group_id, changes)


async def delete_group(desk: Desk, group_id: int) -> None:
    """Take away a group that nobody is in. NotFound, Prevented."""
    await desk.store.write(_delete, desk, group_id)


def _checked(group: Group) -> Group:
    if not 0 <= group.ratio <= RATIO_MOST:
        raise BadValue(
            f"ratio is in thousandths: take 0 to {RATIO_MOST:,}; 1000 is the plain price.",
            field="ratio",
        )
    checks.count(group.max_running, field="max_running")
    return group


async def _create(tx: Transaction, desk: Desk, group: Group) -> Group:
    try:
        group_id = await groups.add(tx, group, desk.clock.now())
    except ConstraintBroken as broken:
        raise checks.name_taken(broken, group.name) from None
    await desk.audit(tx, "group created", f"group {group_id}", after=asdict(group))
    return replace(group, id=group_id)


async def _change(tx: Transaction, desk: Desk, group_id: int, changes: Mapping[str, Any]) -> Group:
    before = await groups.locked(tx, group_id)
    wanted = dict(changes)
    if "default_mode" in wanted:
        wanted["default_mode"] = checks.word(Mode, wanted["default_mode"], field="default_mode")
    after = _checked(replace(before, **wanted))
    await groups.write(tx, after)
    await desk.audit(
        tx, "group changed", f"group {group_id}", **differences(asdict(before), asdict(after))
    )
    return after


async def _delete(tx: Transaction, desk: Desk, group_id: int) -> None:
    group = await groups.locked(tx, group_id)
    users = await groups.users_in(tx, group_id)
    if users or group.name == DEFAULT:
        who = f"{users} users are in it" if users else "it is the one that new users are in"
        raise Prevented(f"The group {group.name} cannot go: {who}.", field="id")
    await groups.delete(tx, group_id, desk.clock.now())
    await desk.audit(tx, "group deleted", f"group {group_id}", before=asdict(group))
