"""Who asks: users, groups and keys as far as a request needs to know them."""

from dataclasses import dataclass
from enum import StrEnum

from mjgate.domain.action import Action, Mode
from mjgate.domain.errors import ActionNotAllowed, ModeNotAllowed


class Role(StrEnum):
    """What a user may do."""

    ADMIN = "admin"
    USER = "user"


class Sees(StrEnum):
    """Which tasks a key may see: all of its user, or only its own."""

    USER = "user"
    OWN = "own"


class OnLimit(StrEnum):
    """What happens to a submit over a limit: it waits here, or is refused with code 23."""

    QUEUE = "queue"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A user who manages his own things, or an admin all: logged in, or with an access token."""

    user_id: int
    username: str
    role: Role
    enabled: bool
    must_change: bool  # has a one-time password, and may do nothing before he has changed it
    session: str = ""  # by its hash; nothing behind an access token

    @property
    def admin(self) -> bool:
        """Whether he may manage everything."""
        return self.role is Role.ADMIN


@dataclass(frozen=True, slots=True)
class Caller:
    """An API key and its user, checked and in force."""

    user_id: int
    token_id: int
    group_id: int
    group: str
    ratio: int  # thousandths
    group_mode: Mode
    default_mode: Mode | None
    actions: frozenset[Action]  # empty: all
    modes: frozenset[Mode]  # empty: all
    sees: Sees
    on_limit: OnLimit
    fallback: bool
    hook_url: str

    def check(self, action: Action, mode: Mode) -> None:
        """Refuse what the key may not do."""
        if self.actions and action not in self.actions:
            msg = f"This key may not use {action}; it may use {', '.join(sorted(self.actions))}."
            raise ActionNotAllowed(msg)
        if not self.may_use(mode):
            msg = f"This key may not use {mode}; it may use {', '.join(sorted(self.modes))}."
            raise ModeNotAllowed(msg)

    @property
    def narrowed_to(self) -> int | None:
        """The key whose tasks alone it sees; None if it sees all of its user's."""
        return self.token_id if self.sees is Sees.OWN else None

    def may_use(self, mode: Mode) -> bool:
        """Whether the key is open to `mode`."""
        return not self.modes or mode in self.modes
