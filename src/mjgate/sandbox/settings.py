"""What a sandbox is started with."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from mjgate.sandbox.faults import Chance, read_spec

PLENTY = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """
    Every option of the sandbox. Raises ValueError, in a sentence, for what cannot work.

    `port` 0 takes a free one. `seconds` is what a fast picture takes; 0 means ready at once.
    `seed` makes a whole run repeatable. `pictures` plain gives small flat ones that cost nothing.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    secret: str | None = None
    seconds: float = 6.0
    max_running: int = PLENTY
    max_waiting: int = PLENTY
    seed: int | None = None
    faults: tuple[str, ...] = ()
    pictures: Literal["drawn", "plain"] = "drawn"

    def __post_init__(self) -> None:
        if self.secret is None and not _loopback(self.host):
            raise ValueError(
                f"Without a secret the sandbox listens on loopback only, not on {self.host}: "
                "give it one with --secret."
            )
        if self.seconds < 0 or self.max_running < 1 or self.max_waiting < 0:
            raise ValueError("seconds and max-waiting begin at 0, max-running at 1.")
        self.chances()

    def chances(self) -> tuple[Chance, ...]:
        """The faults for all prompts. ValueError names one that does not exist."""
        return tuple(read_spec(spec) for spec in self.faults)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
