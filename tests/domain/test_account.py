"""What a key may do."""

from typing import Any

import pytest

from mjgate.domain.account import Caller, OnLimit, Sees
from mjgate.domain.action import Action, Mode
from mjgate.domain.errors import ActionNotAllowed, ModeNotAllowed


def caller(**different: Any) -> Caller:  # noqa: ANN401  any of its fields
    plain: dict[str, Any] = {
        "user_id": 1,
        "token_id": 2,
        "group_id": 3,
        "group": "default",
        "ratio": 1_000,
        "group_mode": Mode.FAST,
        "default_mode": None,
        "actions": frozenset(),
        "modes": frozenset(),
        "sees": Sees.USER,
        "on_limit": OnLimit.QUEUE,
        "fallback": False,
        "hook_url": "",
    }
    return Caller(**{**plain, **different})


def test_a_key_without_limits_may_do_everything() -> None:
    for action in Action:
        for mode in Mode:
            caller().check(action, mode)


def test_an_action_that_is_not_listed_is_refused_with_those_that_are() -> None:
    narrow = caller(actions=frozenset({Action.UPSCALE, Action.IMAGINE}))

    narrow.check(Action.IMAGINE, Mode.TURBO)

    with pytest.raises(ActionNotAllowed, match="may not use BLEND; it may use IMAGINE, UPSCALE"):
        narrow.check(Action.BLEND, Mode.FAST)


def test_a_mode_that_is_not_listed_is_refused_with_those_that_are() -> None:
    slow = caller(modes=frozenset({Mode.RELAX}))

    slow.check(Action.BLEND, Mode.RELAX)

    assert (slow.may_use(Mode.RELAX), slow.may_use(Mode.FAST)) == (True, False)
    with pytest.raises(ModeNotAllowed, match="may not use FAST; it may use RELAX"):
        slow.check(Action.BLEND, Mode.FAST)
