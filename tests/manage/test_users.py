import asyncio

import pytest
from argon2 import PasswordHasher

from mjgate.domain.account import Role
from mjgate.domain.clock import DAY
from mjgate.keys import Purpose, fingerprint
from mjgate.manage import BadValue, Desk, NoSuch, Taken, passwords
from mjgate.manage.users import NewUser, create_user, first_admin, topup
from mjgate.store import accounts, ledger
from tests.manage.audit import audited


async def test_a_new_user_has_his_quota_as_a_grant_and_the_books_balance(desk: Desk) -> None:
    made = await create_user(desk, NewUser(username="alice", quota=5_000))

    user = await accounts.user_named(desk.store.reader, "alice")
    assert user is not None
    assert (user.id, user.role, user.balance, user.granted) == (made.id, Role.USER, 5_000, 5_000)
    assert not (await ledger.check(desk.store.reader)).broken


async def test_a_quota_of_nothing_grants_nothing(desk: Desk) -> None:
    await create_user(desk, NewUser(username="alice", quota=0))

    assert await desk.store.reader.rows("SELECT id FROM ledger") == []


async def test_password_and_access_token_are_kept_as_hashes_only(desk: Desk) -> None:
    made = await create_user(desk, NewUser(username="alice"))

    row = await desk.store.reader.row("SELECT * FROM users WHERE id = :id", id=made.id)
    assert row is not None
    assert PasswordHasher().verify(row["password_hash"], made.password)
    assert row["access_hash"] == fingerprint(made.access_token)
    assert desk.keys.decrypt(Purpose.WEBHOOK, row["hook_secret_enc"]).startswith("whsec_")
    assert made.password not in repr(tuple(row))
    assert made.access_token not in repr(tuple(row))


def test_a_password_is_dear_to_guess() -> None:
    """Tests hash more cheaply; this is what everybody else gets."""
    assert passwords.DEAR.memory_cost >= 64 * 1024
    assert passwords.DEAR.time_cost >= 3


async def test_a_name_is_given_once(desk: Desk) -> None:
    await create_user(desk, NewUser(username="alice"))

    with pytest.raises(Taken, match="There is a user 'alice' already"):
        await create_user(desk, NewUser(username="alice", quota=7))

    assert len(await accounts.users(desk.store.reader)) == 1
    assert not (await ledger.check(desk.store.reader)).broken


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (NewUser(username=""), "username"),
        (NewUser(username="a\x1b[2Jb"), "username"),
        (NewUser(username=" alice"), "username"),
        (NewUser(username="a" * 65), "username"),
        (NewUser(username="alice", quota=-1), "quota"),
        (NewUser(username="alice", quota=10**15 + 1), "quota"),
        (NewUser(username="alice", password="short"), "password"),
        (NewUser(username="alice", password="l" * 257), "password"),
    ],
)
async def test_what_a_user_cannot_be_is_refused_by_its_field(
    desk: Desk, wanted: NewUser, field: str
) -> None:
    with pytest.raises(BadValue) as caught:
        await create_user(desk, wanted)

    assert caught.value.field == field
    assert not await accounts.users(desk.store.reader)


async def test_names_of_any_language_are_welcome(desk: Desk) -> None:
    made = await create_user(desk, NewUser(username="李雷"))

    assert made.username == "李雷"


async def test_an_unknown_group_is_named(desk: Desk) -> None:
    with pytest.raises(BadValue, match="There is no group 'gold'"):
        await create_user(desk, NewUser(username="alice", group="gold"))


async def test_many_starts_at_once_make_one_admin(desk: Desk) -> None:
    made = await asyncio.gather(*(first_admin(desk) for _ in range(8)))

    assert len([admin for admin in made if admin is not None]) == 1
    assert await accounts.admins(desk.store.reader) == 1


async def test_the_first_admins_random_password_is_good_for_a_day(desk: Desk) -> None:
    before = desk.clock.now()

    admin = await first_admin(desk)

    row = await desk.store.reader.row("SELECT password_until FROM users")
    assert admin is not None
    assert row is not None
    assert before + DAY <= row["password_until"] <= desk.clock.now() + DAY


async def test_a_chosen_admin_password_stays_and_counts_only_without_an_admin(desk: Desk) -> None:
    first = await first_admin(desk, "correct horse battery")
    second = await first_admin(desk, "another good password")

    row = await desk.store.reader.row("SELECT password_until, password_hash FROM users")
    assert first is not None
    assert second is None
    assert row is not None
    assert row["password_until"] is None
    assert PasswordHasher().verify(row["password_hash"], "correct horse battery")


async def test_a_user_called_admin_does_not_keep_the_first_admin_away(desk: Desk) -> None:
    await create_user(desk, NewUser(username="admin"))

    admin = await first_admin(desk)

    assert admin is not None
    assert (admin.username, admin.role) == ("admin2", Role.ADMIN)


async def test_a_topup_adds_to_the_balance(desk: Desk) -> None:
    made = await create_user(desk, NewUser(username="alice", quota=5))

    answer = await topup(desk, "alice", 7, reference="invoice 1")

    assert answer == (made.id, 12)
    assert not (await ledger.check(desk.store.reader)).broken


async def test_a_reference_counts_once(desk: Desk) -> None:
    await create_user(desk, NewUser(username="alice"))
    await topup(desk, "alice", 7, reference="invoice 1")

    with pytest.raises(Taken, match="was used before"):
        await topup(desk, "alice", 7, reference="invoice 1")

    user = await accounts.user_named(desk.store.reader, "alice")
    assert user is not None
    assert user.balance == 7


@pytest.mark.parametrize("units", [0, -1, 10**15 + 1])
async def test_only_positive_amounts_are_topped_up(desk: Desk, units: int) -> None:
    await create_user(desk, NewUser(username="alice"))

    with pytest.raises(BadValue):
        await topup(desk, "alice", units)


async def test_nobody_cannot_be_topped_up(desk: Desk) -> None:
    with pytest.raises(NoSuch, match="There is no user 'bob'"):
        await topup(desk, "bob", 5)


async def test_everything_is_audited_and_no_secret_is(desk: Desk) -> None:
    made = await create_user(desk, NewUser(username="alice", password="correct horse battery"))
    await topup(desk, "alice", 7, reference="invoice 1")

    rows = await audited(desk)

    assert [row[1] for row in rows] == ["user created", "user topped up"]
    assert {row[0] for row in rows} == {"test"}
    for secret in (made.access_token, made.password, fingerprint(made.access_token)):
        assert secret not in repr(rows)
