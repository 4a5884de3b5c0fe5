"""How long the gateway waits for things. Milliseconds; the long waits can be scaled for tests."""

from dataclasses import dataclass, fields, replace
from typing import Final, Self

from mjgate.domain.action import Action, Mode
from mjgate.domain.clock import DAY, HOUR, MINUTE, SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Every wait that a setting or `MJGATE_TIME_SCALE` may change."""

    queue: int = 6 * HOUR  # waiting for a slot
    no_progress: int = 15 * MINUTE  # fast and turbo
    no_progress_relax: int = 60 * MINUTE
    no_progress_video: int = 30 * MINUTE
    grace: int = 2 * MINUTE  # after our own absence
    adoption: int = 10 * MINUTE  # looking for a job that may or may not exist
    adoption_blind: int = 60 * SECOND  # the same where there is no way to find it
    no_picture: int = 60 * SECOND  # SUCCESS without what the action promises
    window: int = 1 * HOUR  # for the client to confirm
    busy_least: int = 5 * SECOND  # a channel that said it is busy
    busy_most: int = 60 * SECOND
    busy_asked: int = 10 * MINUTE  # the longest rest that a channel may ask for itself
    cool_down: int = 30 * SECOND  # a broken channel, doubled with each relapse
    idempotency: int = 24 * HOUR
    rescue: int = 1 * DAY
    seed: int = 30 * SECOND  # a channel's answer to who asks for a seed
    hook_first: int = 5 * SECOND  # before a webhook is tried again; three times that the next time
    hook_most: int = 4 * HOUR
    hook_gives_up: int = 1 * DAY
    hook_paused: int = 3 * DAY  # a receiver that took nothing for so long gets nothing more
    archive_first: int = 5 * SECOND  # before a copy is tried again; three times that the next time

    def scaled(self, by: float) -> Self:
        """Every wait multiplied by `by`, none below a tenth of a second."""
        return replace(
            self,
            **{each.name: max(int(getattr(self, each.name) * by), 100) for each in fields(self)},
        )

    def quiet_for(self, action: Action, mode: Mode) -> int:
        """How long a task may go without progress; twice that is the most it may take."""
        if action is Action.VIDEO:
            return self.no_progress_video
        return self.no_progress_relax if mode is Mode.RELAX else self.no_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How long the database may look for what a list asks before it is told to stop. Seconds."""

    lists: float = 2.0
    stats: float = 10.0
    export: float = 60.0  # for the next lines


ANSWER_WAIT: Final = 10 * SECOND
"""How long a submit waits for the channel's verdict before it answers with the id alone."""

SEND_LIMIT: Final = 60 * SECOND
"""How long one attempt to hand a task over may take."""

SEND_GRACE: Final = 15 * SECOND
"""After how much more an attempt without an end counts as unanswered."""

SEND_LATEST: Final = 5 * SECOND
"""A sender that finds its attempt older than this does not send."""
