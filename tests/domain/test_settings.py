"""What an admin may change: each setting keeps its own bounds."""

import json
from dataclasses import asdict

import pytest

from mjgate.domain.settings import ROWS, Settings, Value


def test_every_setting_says_what_it_means_and_permits_its_own_default() -> None:
    assert set(ROWS) == set(asdict(Settings()))
    assert all(row.meaning.endswith(".") and row.permitted for row in ROWS.values())
    assert [row.name for row in ROWS.values() if not row.permits(row.default)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maintenance", 1),
        ("maintenance", "true"),
        ("queue_told_from", -1),
        ("queue_told_from", True),
        ("queue_told_from", 1.5),
        ("queue_told_from", "3"),
        ("queue_told_from", None),
    ],
)
def test_a_value_of_another_kind_or_beyond_its_bounds_is_not_permitted(
    name: str, value: Value
) -> None:
    assert not ROWS[name].permits(value)


def test_what_was_stored_is_in_force_and_what_no_longer_fits_is_not() -> None:
    stored = {"maintenance": True, "queue_told_from": -1, "of_a_newer_version": 7}

    settings = Settings.of({name: json.dumps(value) for name, value in stored.items()})

    assert settings == Settings(maintenance=True)
