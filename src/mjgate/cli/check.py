"""`mjgate check`: what a provider can do, before it becomes a channel."""

import asyncio
import shlex
from dataclasses import asdict
from typing import Annotated

import typer

from mjgate.cli.shared import Json, secret
from mjgate.cli.terminal import Failure, answer, mark, note, say, suggest
from mjgate.conformance import Talk, checked
from mjgate.domain.finding import Finding, State
from mjgate.upstream import Upstream

Url = Annotated[str, typer.Argument(help="Where it is.", show_default=False)]
Key = Annotated[
    str | None,
    typer.Argument(
        help="Its key, - for standard input (MJGATE_CHANNEL_SECRET or …_FILE).", show_default=False
    ),
]
Pay = Annotated[
    bool, typer.Option("--pay", help="Have a picture drawn and enlarged, at your expense.")
]
Minutes = Annotated[float, typer.Option(help="How long a picture may take.", min=0.1, max=120)]


def check(
    url: Url,
    key: Key = None,
    *,
    pay: Pay = False,
    minutes: Minutes = 10,
    as_json: Json = False,
) -> None:
    """Try what a server of the midjourney-proxy kind can do, and how to connect it."""
    base_url = url.rstrip("/").removesuffix("/mj")
    if not base_url.startswith(("http://", "https://")):
        raise Failure(f"{url} is no http address.", "mjgate check --help", code=2)
    given = secret(key, "MJGATE_CHANNEL_SECRET")
    findings, options = asyncio.run(
        _found(base_url, given, pay=pay, patience=minutes * 60, tell=not as_json)
    )
    ok = all(finding.state is not State.BROKEN for finding in findings)
    if as_json:
        rows = [{"what": each.what, "state": each.state, "text": each.text} for each in findings]
        answer({"ok": ok, "findings": rows, "options": options})
    elif ok:
        _advise(base_url, options, paid=pay)
    if not ok:
        raise typer.Exit(1)


async def _found(
    base_url: str, key: str, *, pay: bool, patience: float, tell: bool
) -> tuple[list[Finding], dict[str, str]]:
    """Every finding, told as it comes, and the options that a channel needs."""
    upstream = await Upstream.open()
    talk = Talk(upstream, base_url, key, patience)
    findings = list[Finding]()
    try:
        async for finding in checked(talk, pay=pay):
            findings.append(finding)
            if tell:
                mark(**asdict(finding))
    finally:
        await upstream.close()
    return findings, talk.options


def _advise(base_url: str, options: dict[str, str], *, paid: bool) -> None:
    """How to connect it, and what was not tried."""
    if not paid:
        note(
            "Nothing was drawn, so nothing was paid. --pay has a picture drawn and enlarged.", "dim"
        )
    words = [word for pair in options.items() for word in ("--option", "=".join(pair))]
    say("To connect it:")
    command = ("mjgate", "channel", "add", "--name", "mine", "--base-url", base_url)
    suggest(shlex.join([*command, "--secret", "-", *words]))
