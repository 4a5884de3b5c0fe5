"""What every handler needs."""

from dataclasses import dataclass, field
from typing import Final

from mjgate.lifecycle import Gateway
from mjgate.web.auth import Doors

BODY_LIMIT: Final = 48 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What an operator may set about answering."""

    body_limit: int = BODY_LIMIT
    origins: str = "*"


@dataclass(frozen=True, slots=True)
class Context:
    """The gateway, its doors and its settings."""

    gateway: Gateway
    doors: Doors
    settings: WebSettings = field(default_factory=WebSettings)
