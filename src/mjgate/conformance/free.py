"""Probes that cost nothing: orders without a field, tasks of nobody, keys that open nothing."""

import secrets
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import Final

from mjgate.conformance.talk import Probe, Talk, said
from mjgate.dialects import Heard, mjproxy
from mjgate.dialects.mjproxy.calls import PREFIXES
from mjgate.dialects.values import mapping, words
from mjgate.domain.action import RULES, Action, Mode, Rule
from mjgate.domain.errors import UpstreamError
from mjgate.domain.finding import Finding, State
from mjgate.domain.reasons import Reason
from mjgate.providers import PROVIDERS
from mjgate.upstream import what_failed

NOBODY: Final = "1000000000000001"
"""The id of no task, in the form that most servers give theirs."""

_FORMS: Final[Mapping[str, str]] = {"secret": "mj-api-secret", "bearer": "Authorization: Bearer"}
_TAKEN: Final = frozenset({1, 21, 22})


async def entrance(talk: Talk) -> AsyncGenerator[Finding]:
    """Whether anybody is there, and in which header the key is taken."""
    try:
        heard = await _listed(talk, auth="both")
    except UpstreamError as error:
        text = f"{talk.base_url} does not answer: {what_failed(error)}."
        yield Finding("address", State.BROKEN, text)
        return
    if HTTPStatus.MULTIPLE_CHOICES <= heard.status < HTTPStatus.BAD_REQUEST:
        where = heard.headers.get("location", "elsewhere")
        yield Finding("address", State.BROKEN, f"It sends us to {where}: check that address.")
        return
    yield Finding("address", State.GOOD, f"{talk.base_url} answers.")
    for form, header in _FORMS.items():
        if _tasks(await _listed(talk, auth=form)):
            if form != next(iter(PROVIDERS["mjproxy"].options["auth"].values)):
                talk.options["auth"] = form
            yield Finding("key", State.GOOD, f"It is taken as {header}.")
            return
    yield Finding("key", State.BROKEN, _shut(heard))


async def stranger(talk: Talk) -> AsyncGenerator[Finding]:
    """Whether the key is looked at."""
    path = "/mj/task/list-by-condition"
    other = secrets.token_urlsafe(24)
    if _tasks(await talk.ask("POST", path, {"ids": [NOBODY]}, secret=other)):
        text = "Any other is taken as well: whoever knows the address can use the account."
        yield Finding("other keys", State.WARNING, text)
    else:
        yield Finding("other keys", State.GOOD, "They are refused.")


async def lists(talk: Talk) -> AsyncGenerator[Finding]:
    """How running tasks are followed, and how lost ones are found."""
    heard = await _listed(talk)
    found = mjproxy.reports(heard) if _tasks(heard) else []
    if found:
        text = "A list by ids holds tasks that were not asked for; they are left out."
        yield Finding("following", State.WARNING, text)
    else:
        yield Finding("following", State.GOOD, "Tasks are told in lists, by their ids.")
    if _tasks(await talk.ask("GET", "/mj/task/list")):
        text = "The latest tasks are told, so that one whose answer was lost can be found."
        yield Finding("latest tasks", State.GOOD, text)
    else:
        text = "They are not told: a task whose answer was lost is found only by a notice."
        yield Finding("latest tasks", State.WARNING, text)


async def absence(talk: Talk) -> AsyncGenerator[Finding]:
    """What is said of a task that does not exist."""
    heard = await talk.ask("GET", f"/mj/task/{NOBODY}/fetch")
    if heard.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text = f"It makes the server stumble (HTTP {heard.status}); we wait for our own deadlines."
        yield Finding("unknown tasks", State.WARNING, text)
    else:
        yield Finding("unknown tasks", State.GOOD, f"HTTP {heard.status}.")


async def orders(talk: Talk) -> AsyncGenerator[Finding]:
    """Which orders are taken, by orders that lack every field."""
    served = dict[str, bool]()
    for rule in RULES.values():
        if rule.action is Action.UPLOAD:  # done by us
            continue
        finding, served[rule.path] = await _order(talk, rule.path, rule)
        if rule.path == "submit/edits" and not served[rule.path]:
            finding, served[rule.path] = await _order(talk, "submit/edit", rule)
            if served[rule.path]:
                talk.options["edits"] = "edit"
        yield finding
    if not served["submit/action"] and served["submit/change"]:
        talk.options["actions"] = "change"
        text = "Only U, V and R of a grid can be asked for, by their numbers."
        yield Finding("buttons", State.WARNING, text)


async def _order(talk: Talk, path: str, rule: Rule) -> tuple[Finding, bool]:
    """What an order without any field says of its kind."""
    text = f"{rule.summary.rstrip('.')}: "
    try:
        heard = await talk.ask("POST", f"/mj/{path}", {})
    except UpstreamError as error:
        return Finding(path, State.WARNING, f"{text}no answer, {what_failed(error)}."), False
    code, body = said(heard)
    if code in _TAKEN:
        taken = f"{text}it took an order without any field, as {body.get('result')}."
        return Finding(path, State.BROKEN, taken), True
    if not _served(heard):
        return Finding(path, State.WARNING, f"{text}not served (HTTP {heard.status})."), False
    if heard.status >= HTTPStatus.INTERNAL_SERVER_ERROR and code is None:
        return Finding(path, State.WARNING, f"{text}in trouble (HTTP {heard.status})."), True
    return Finding(path, State.GOOD, f"{text}served."), True


async def modes(talk: Talk) -> AsyncGenerator[Finding]:
    """How a mode is asked for in the path."""
    for form in ("mj-fast", "fast"):
        prefixes = PREFIXES[form]
        found = [mode for mode in Mode if await _has(talk, f"{prefixes[mode]}/submit/imagine")]
        if found:
            talk.options["path"] = form
            ways = ", ".join(f"{prefixes[mode]} ({mode})" for mode in found)
            yield Finding("modes", State.GOOD, f"They have paths: {ways}.")
            return
    text = "They have no paths. If words in the prompt choose them, say --option path=flag."
    yield Finding("modes", State.WARNING, text)


async def errors(talk: Talk) -> AsyncGenerator[Finding]:
    """Whether mistakes are told in the format of everything else."""
    heard = await talk.ask("GET", "/mj/nothing/is/here")
    code, _ = said(heard)
    if code is None:
        text = f"An unknown path is not told in JSON (HTTP {heard.status}); we can live with that."
        yield Finding("errors", State.WARNING, text)
    else:
        yield Finding("errors", State.GOOD, "They are JSON with a code.")


PROBES: Final[tuple[Probe, ...]] = (stranger, lists, absence, orders, modes, errors)


async def _listed(talk: Talk, auth: str = "") -> Heard:
    return await talk.ask("POST", "/mj/task/list-by-condition", {"ids": [NOBODY]}, auth=auth)


async def _has(talk: Talk, path: str) -> bool:
    return _served(await talk.ask("POST", path, {}))


def _served(heard: Heard) -> bool:
    """Whether somebody is behind this path: whoever refuses the order in JSON, or stumbles."""
    code, body = said(heard)
    unknown = mapping(body.get("properties")).get("reason") == Reason.NOT_FOUND
    if heard.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return code is not None and not unknown
    return code is not None or heard.status >= HTTPStatus.BAD_REQUEST


def _tasks(heard: Heard) -> bool:
    """Whether the answer is a list of tasks, an empty one too."""
    try:
        mjproxy.reports(heard)
    except UpstreamError:
        return False
    return True


def _shut(heard: Heard) -> str:
    _, body = said(heard)
    told = words(body.get("description")) or words(body.get("message")) or f"HTTP {heard.status}"
    why = told.rstrip(".")
    match heard.status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return f"It is refused: {why}."
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return "There is no list of tasks, so nothing could be followed. Is the address right?"
        case status:
            return f"The list of tasks cannot be read (HTTP {status}: {why})."
