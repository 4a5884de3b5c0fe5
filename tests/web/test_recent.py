"""What is kept in memory has a bound."""

from mjgate.web.recent import Recent


def test_small_contents_stay_in_memory_up_to_a_bound() -> None:
    recent = Recent(most=100, largest=40)

    for name in "abc":
        recent.keep(name, name.encode() * 40)
    recent.keep("large", b"l" * 41)

    assert [recent.get(name) is not None for name in ("a", "b", "c", "large")] == [
        False, True, True, False,
    ]  # fmt: skip
