"""Whether an address leads to ourselves, or to somebody else that we know, by another name."""

from typing import Final

from mjgate.domain.address import Origin

THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def same_place(one: Origin, other: Origin) -> bool:
    """Whether both lead to one port of one host, by whatever name of this machine."""
    same_host = one.host == other.host or {one.host, other.host} <= THIS_MACHINE
    return same_host and one.port == other.port
