import pytest

from mjgate.domain.account import OnLimit, Sees
from mjgate.domain.action import Action, Mode
from mjgate.keys import fingerprint
from mjgate.manage import BadValue, Desk, NoSuch
from mjgate.manage.tokens import NewToken, create_token, revoke_token
from mjgate.manage.users import NewUser, create_user
from mjgate.store import accounts, tokens
from tests.manage.audit import audited


@pytest.fixture
async def alice(desk: Desk) -> int:
    return (await create_user(desk, NewUser(username="alice", quota=5_000))).id


async def test_a_key_opens_the_door_without_its_prefix(desk: Desk, alice: int) -> None:
    made = await create_token(desk, NewToken(username="alice", name="laptop"))

    door = await accounts.door(desk.store.reader, fingerprint(made.key.removeprefix("sk-")))

    assert made.key.startswith("sk-")
    assert len(made.key) == 51
    assert door is not None
    assert door.enabled
    assert (door.caller.user_id, door.caller.token_id) == (alice, made.id)
    assert not door.caller.actions
    assert not door.caller.modes


async def test_a_key_may_do_what_was_said_in_any_case(desk: Desk, alice: int) -> None:
    del alice
    made = await create_token(
        desk,
        NewToken(
            username="alice",
            quota=100,
            actions=["imagine", "UPSCALE"],
            modes=["fast", "Relax"],
            networks=["10.1.2.3/8", "::1"],
            max_running=3,
            on_limit="reject",
            sees="own",
            fallback=True,
        ),
    )

    door = await accounts.door(desk.store.reader, fingerprint(made.key.removeprefix("sk-")))
    token = (await tokens.every(desk.store.reader))[0]
    assert door is not None
    assert door.caller.actions == {Action.IMAGINE, Action.UPSCALE}
    assert door.caller.modes == {Mode.FAST, Mode.RELAX}
    assert door.ips == ("10.0.0.0/8", "::1/128")
    assert (door.caller.on_limit, door.caller.sees) == (OnLimit.REJECT, Sees.OWN)
    assert door.caller.fallback
    assert (token.limited, token.balance) == (True, 100)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (NewToken(username="alice", modes=["FAST", "RELX"]), "did you mean RELAX?"),
        (NewToken(username="alice", actions=["UPSCAL"]), "did you mean UPSCALE?"),
        (NewToken(username="alice", modes=["x"]), "it may be FAST, RELAX, TURBO."),
        (NewToken(username="alice", networks=["10.0.0.300"]), "neither an IP address nor a CIDR"),
        (NewToken(username="alice", max_running=0), "take 1 to"),
        (NewToken(username="alice", quota=-1), "take 0 to"),
        (NewToken(username="alice", sees="all"), "it may be user, own."),
        (NewToken(username="alice", on_limit="wait"), "it may be queue, reject."),
        (NewToken(username="alice", name="\x07"), "cannot be used"),
    ],
)
async def test_what_a_key_cannot_be_is_refused_with_what_it_may(
    desk: Desk, alice: int, wanted: NewToken, sentence: str
) -> None:
    del alice

    with pytest.raises(BadValue) as caught:
        await create_token(desk, wanted)

    assert sentence in str(caught.value)
    assert not await tokens.every(desk.store.reader)


async def test_a_key_needs_a_user(desk: Desk) -> None:
    with pytest.raises(NoSuch, match="There is no user 'bob'"):
        await create_token(desk, NewToken(username="bob"))


async def test_a_revoked_key_opens_nothing_and_cannot_be_revoked_again(
    desk: Desk, alice: int
) -> None:
    del alice
    made = await create_token(desk, NewToken(username="alice"))

    await revoke_token(desk, made.id)

    assert await accounts.door(desk.store.reader, fingerprint(made.key.removeprefix("sk-"))) is None
    with pytest.raises(NoSuch):
        await revoke_token(desk, made.id)


async def test_the_audit_knows_the_tail_of_a_key_and_no_more(desk: Desk, alice: int) -> None:
    del alice
    made = await create_token(desk, NewToken(username="alice"))
    await revoke_token(desk, made.id)

    rows = await audited(desk)

    assert [row[1] for row in rows] == ["user created", "key created", "key revoked"]
    assert made.key[-4:] in rows[1][3]
    assert made.key[3:20] not in repr(rows)
    assert fingerprint(made.key.removeprefix("sk-")) not in repr(rows)
