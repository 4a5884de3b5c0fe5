"""Lanes: those that wait for the same wait in one, by its name."""

from typing import NamedTuple, Self

from mjgate.domain.action import Bot, Mode


class Lane(NamedTuple):
    """
    A lane of the queue: pinned to one channel, or open to every channel of a group.

    `channel_id` and `instance_id` are two ways to name the one channel.
    """

    mode: Mode
    group: str = ""
    bot: Bot | None = None
    channel_id: int | None = None
    instance_id: str = ""

    @property
    def pinned(self) -> bool:
        """Whether only one channel will do."""
        return self.bot is None

    @property
    def name(self) -> str:
        """As it is kept with a task."""
        if self.bot is not None:
            return f"{self.group} {self.mode} {self.bot}"
        if self.channel_id is not None:
            return f"channel {self.channel_id} {self.mode}"
        return f"instance {self.instance_id} {self.mode}"

    @classmethod
    def named(cls, name: str) -> Self:
        """Read what `name` gives; a group may have blanks in its own."""
        first, middle, last = name.rsplit(" ", 2)
        if last in Bot.__members__:
            return cls(Mode(middle), group=first, bot=Bot(last))
        if first == "channel":
            return cls(Mode(last), channel_id=int(middle))
        return cls(Mode(last), instance_id=middle)
