"""Reading what people give: names, amounts and words, each refused with what it may be."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_network
from typing import Final, TypeVar

from mjgate.manage import BadValue, NotDone, Taken
from mjgate.store.database import ConstraintBroken

E = TypeVar("E", bound=StrEnum)

AMOUNT_MOST: Final = 10**15
NAME_MOST: Final = 64
REFERENCE_MOST: Final = 128
NETWORKS_MOST: Final = 100

_OWN_NAMES: Final = {
    "a_user_has_his_own_name": ("user", "username"),
    "a_group_has_its_own_name": ("group", "name"),
    "a_channel_has_its_own_name": ("channel", "name"),
}
"""What the database promises of names: whose it is, and what its field is called."""

_NAME: Final = re.compile(r"[^\W_][\w.@+ -]{0,62}[\w.@+-]|[^\W_]")


def name(text: str, *, field: str = "name") -> str:
    """A name of a user, key or channel."""
    if not _NAME.fullmatch(text):
        raise BadValue(
            f"The name {text[:NAME_MOST]!r} cannot be used: take 1 to {NAME_MOST} letters, digits,"
            " blanks and . _ @ + -, with a letter or digit first.",
            field=field,
        )
    return text


def amount(number: int, *, least: int = 1, field: str = "quota") -> int:
    """An amount of quota units."""
    if not least <= number <= AMOUNT_MOST:
        raise BadValue(
            f"{number} units cannot be given: take {least} to {AMOUNT_MOST:,}.", field=field
        )
    return number


def count(number: int | None, *, field: str) -> int | None:
    """A limit of how many; None for no limit."""
    if number is not None and not 1 <= number <= 1_000_000:  # noqa: PLR2004  said in the text
        raise BadValue(f"{field} cannot be {number}: take 1 to 1,000,000.", field=field)
    return number


def text(words: str, *, field: str, least: int = 0, most: int) -> str:
    """A line of visible characters."""
    if not least <= len(words) <= most or not words.isprintable():
        raise BadValue(f"{field} must have {least} to {most} visible characters.", field=field)
    return words


def reference(words: str) -> str:
    """What an entry of the ledger is known by elsewhere; nothing for none."""
    return text(words, field="reference", most=REFERENCE_MOST)


def used_before(broken: ConstraintBroken, reference: str) -> NotDone:
    """What to say of a reference that the ledger has already; else the trouble goes on."""
    if broken.name != "a_reference_is_used_once":
        raise broken
    return Taken(
        f"The reference {reference!r} was used before: nothing was given again.",
        noun="reference",
        field="reference",
    )


def name_taken(broken: ConstraintBroken, name: str) -> NotDone:
    """What to say of a name that another one has; else the trouble goes on."""
    if broken.name not in _OWN_NAMES:
        raise broken
    noun, field = _OWN_NAMES[broken.name]
    return Taken(f"There is a {noun} {name!r} already.", noun=noun, field=field)


def word(kind: type[E], text: str, *, field: str) -> E:
    """One of the words of `kind`, in any case."""
    known = {member.value.lower(): member for member in kind}
    found = known.get(text.strip().lower())
    if found is None:
        raise BadValue(unknown(text, [member.value for member in kind], field), field=field)
    return found


def words(kind: type[E], texts: Iterable[str], *, field: str) -> frozenset[E]:
    """Several of them; none given means all, which is what an empty set says."""
    return frozenset(word(kind, text, field=field) for text in texts if text.strip())


def networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Addresses and CIDRs that a key may be used from."""
    found: list[str] = []
    for text in filter(None, (text.strip() for text in texts)):
        try:
            found.append(str(ip_network(text, strict=False)))
        except ValueError:
            raise BadValue(
                f"{text[:NAME_MOST]!r} is neither an IP address nor a CIDR like 10.0.0.0/8.",
                field="ips",
            ) from None
    if len(found) > NETWORKS_MOST:
        raise BadValue(f"At most {NETWORKS_MOST} addresses may be named.", field="ips")
    return tuple(found)


def unknown(text: str, known: Iterable[str], field: str) -> str:
    """Say that a word is not known, and which one could be meant."""
    words = list(known)
    by_lower = {word.lower(): word for word in words}
    close = get_close_matches(text.strip().lower(), by_lower, n=1)
    hint = f"did you mean {by_lower[close[0]]}?" if close else f"it may be {', '.join(words)}."
    return f"{field} {text[:NAME_MOST]!r} is not known: {hint}"
