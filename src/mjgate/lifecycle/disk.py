"""
Room on the disk: submits stop long before the database could not commit any more.

What is running can still finish: its rows are small. Copies of pictures stop next, at half of the
reserve: they are passed on meanwhile, and copied once there is room.
"""

from dataclasses import dataclass

from mjgate.domain.errors import Overloaded


@dataclass(slots=True)
class Disk:
    """How many bytes are left, as was measured a moment ago, and how many are to stay."""

    free: int | None = None
    reserve: int = 0

    @property
    def low(self) -> bool:
        """Whether no more tasks are taken."""
        return self.free is not None and self.free < self.reserve

    @property
    def full(self) -> bool:
        """Whether nothing more is copied."""
        return self.free is not None and self.free < self.reserve // 2

    def refuse_if_low(self) -> None:
        """Take no task whose end might not find room. Overloaded."""
        if self.low:
            msg = "The disk is nearly full; running tasks go on, new ones are not taken."
            raise Overloaded(msg, retry_after=60)
