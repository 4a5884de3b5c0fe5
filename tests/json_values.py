"""Any JSON that may come in, as Hypothesis strategies."""

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=[]), max_size=30) | st.sampled_from(
    [
        "",
        "null",
        "0",
        "-1",
        "100%",
        "true",
        "\x00",
        "\ud800",
        "猫",
        "https://a.example/1.png",
        "a::b",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=6)


def bodies(*names: str) -> st.SearchStrategy[dict[str, object]]:
    """Objects whose members are often called by one of `names`."""
    return st.dictionaries(st.sampled_from(names) | TEXTS, JSON, max_size=len(names))
