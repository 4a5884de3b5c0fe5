import pytest

from mjgate.domain.errors import Overloaded
from mjgate.web.bodies import Room


def test_what_was_refused_takes_no_room() -> None:
    room = Room(10)

    with room.share() as share:
        share.take(6)
        with pytest.raises(Overloaded):
            share.take(6)

    with room.share() as share:
        share.take(10)
        assert share.taken == 10
