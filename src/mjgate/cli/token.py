"""`mjgate token`: the keys that open the API."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from mjgate.cli.place import Place, placed
from mjgate.cli.shared import Json, at_desk, listed
from mjgate.cli.terminal import answer, pairs, say, table, tell
from mjgate.domain.webhook import endpoint
from mjgate.manage import Desk, NoSuch, tokens
from mjgate.store import accounts
from mjgate.store import tokens as rows
from mjgate.store.tokens import Key

commands = typer.Typer()

MAY = "What the key may do (all, unless said)"

User = Annotated[str, typer.Option(help="Whose key it is.", show_default=False)]
Name = Annotated[str, typer.Option(help="What to call it.", show_default=False)]
Quota = Annotated[
    int | None,
    typer.Option(help="Units it may spend.", rich_help_panel=MAY, show_default=False),
]
Actions = Annotated[
    list[str] | None,
    typer.Option(help="IMAGINE,UPSCALE,…", rich_help_panel=MAY, show_default=False),
]
Modes = Annotated[
    list[str] | None,
    typer.Option(help="FAST,RELAX,TURBO", rich_help_panel=MAY, show_default=False),
]
AllowIp = Annotated[
    list[str] | None,
    typer.Option(
        help="Address or CIDR it may be used from.", rich_help_panel=MAY, show_default=False
    ),
]
MaxConcurrency = Annotated[
    int | None,
    typer.Option(help="Tasks at a time.", rich_help_panel=MAY, show_default=False),
]
OnLimit = Annotated[str, typer.Option(help="Over a limit: queue or reject.", rich_help_panel=MAY)]
Sees = Annotated[str, typer.Option(help="Tasks of its user, or only its own.", rich_help_panel=MAY)]
Fallback = Annotated[
    bool,
    typer.Option(
        "--fallback",
        help="Follow-ups may go to another channel when theirs is gone.",
        rich_help_panel=MAY,
    ),
]


@commands.command()
@placed
def create(
    place: Place,
    *,
    user: User,
    name: Name = "",
    quota: Quota = None,
    actions: Actions = None,
    modes: Modes = None,
    allow_ip: AllowIp = None,
    max_concurrency: MaxConcurrency = None,
    on_limit: OnLimit = "queue",
    sees: Sees = "user",
    fallback: Fallback = False,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown this once."""
    wanted = tokens.NewToken(
        username=user,
        name=name,
        quota=quota,
        actions=listed(actions),
        modes=listed(modes),
        networks=listed(allow_ip),
        max_running=max_concurrency,
        on_limit=on_limit,
        sees=sees,
        fallback=fallback,
    )

    async def work(desk: Desk) -> tokens.MadeToken:
        return await tokens.create_token(desk, wanted)

    made = at_desk("token create", place, work)
    if as_json:
        answer(asdict(made))
        return
    say(f"Made key {made.id} for {user}. It is shown this once:", "bold")
    pairs({"key": made.key})


@commands.command()
@placed
def revoke(
    place: Place,
    token_id: Annotated[int, typer.Argument(metavar="ID", help="The key's id, as listed.")],
    *,
    as_json: Json = False,
) -> None:
    """Take a key back for good. Its running tasks still end and are charged."""

    async def work(desk: Desk) -> None:
        await tokens.revoke_token(desk, token_id)

    at_desk("token revoke", place, work)
    facts = {"id": token_id, "revoked": True}
    tell(facts, f"Key {token_id} opens nothing any more.", as_json=as_json)


@commands.command("list")
@placed
def list_(
    place: Place,
    *,
    user: Annotated[
        str | None, typer.Option(help="Only the keys of this user.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show keys, without the secret part."""

    async def work(desk: Desk) -> tuple[Sequence[Key], dict[int, str]]:
        reader = desk.store.reader
        names = {each.id: each.username for each in await accounts.users(reader)}
        user_id = next((number for number, known in names.items() if known == user), None)
        if user is not None and user_id is None:
            raise NoSuch("user", user)
        return await rows.every(reader, user_id), names

    found, names = at_desk("token list", place, work)
    if as_json:
        answer({"tokens": [_shown(key) for key in found]})
        return
    table(
        ("id", "name", "user", "key", "enabled", "balance", "spent", "running"),
        [
            (
                token.id,
                token.name,
                names.get(token.user_id, f"#{token.user_id}"),
                f"sk-…{token.key_tail}",
                token.enabled,
                token.balance if token.limited else "unlimited",
                token.spent,
                token.running,
            )
            for token in found
        ],
    )


def _shown(key: Key) -> dict[str, object]:
    """A key with all that it may do; where it tells of tasks without query and userinfo."""
    hook = endpoint(key.hook_url) if key.hook_url else ""
    shown = {name: value for name, value in asdict(key).items() if name != "hook_secret_enc"}
    return {**shown, "hook_url": hook, "hook_secret": bool(key.hook_secret_enc)}
