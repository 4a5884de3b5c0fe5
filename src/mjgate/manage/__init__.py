"""
What people change: users, keys and channels.

One function is one transaction with its audit row. Nothing here knows who asks by which way:
the command line and the management API call the same functions and see the same errors, whose
fields are called as the management API calls them:

NotDone
├── BadValue    a value cannot be used; `field` names it
├── NotKnown    whoever asks could not show who he is
├── Forbidden   he may not do this
├── NoSuch      what should be changed does not exist; `noun` says what it would be
├── Taken       it would clash with what is there; `field` names the value
├── Prevented   what is there does not allow it now
└── TooMany     not so often: again after `retry_after` seconds
"""

from dataclasses import dataclass
from typing import ClassVar

from mjgate.domain.clock import Clock
from mjgate.domain.errors import GatewayError
from mjgate.keys import Keys
from mjgate.store import settings
from mjgate.store.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who changes things, and what is needed for it."""

    store: Database
    keys: Keys
    clock: Clock
    actor: str  # as the audit names him

    async def audit(
        self,
        tx: Transaction,
        act: str,
        subject: str,
        *,
        before: object = None,
        after: object = None,
    ) -> None:
        """Write down what he did to whom, and how it was and is. Never a secret."""
        await settings.audit(
            tx,
            actor=self.actor,
            act=act,
            subject=subject,
            now=self.clock.now(),
            before=before,
            after=after,
        )


class NotDone(GatewayError):
    """Nothing was changed; the text says why."""

    status: ClassVar[int] = 400


class BadValue(NotDone):
    """A value cannot be used."""

    def __init__(self, text: str, *, field: str) -> None:
        super().__init__(text)
        self.field = field


class NoSuch(NotDone):
    """There is no such thing."""

    status = 404

    def __init__(self, noun: str, name: str) -> None:
        super().__init__(f"There is no {noun} {name!r}.")
        self.noun = noun


class Taken(NotDone):
    """It would clash with what is there."""

    status = 409

    def __init__(self, text: str, *, noun: str, field: str) -> None:
        super().__init__(text)
        self.noun = noun
        self.field = field


class NotKnown(NotDone):
    """Who asks could not show who he is."""

    status = 401


class Forbidden(NotDone):
    """He may not do this."""

    status = 403


class Prevented(NotDone):
    """What is there does not allow it now; `field` names what would have to be another."""

    status = 409

    def __init__(self, text: str, *, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


class TooMany(NotDone):
    """Not so often, or not so many at once."""

    status = 429

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after
