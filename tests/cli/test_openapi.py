"""`mjgate openapi` prints what the gateway would serve."""

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("words", "summary"),
    [
        ([], "Draw a grid of four pictures from a prompt."),
        (["--language", "zh"], "按提示词绘制四宫格。"),
    ],
)
def test_the_document_is_printed_with_the_public_address(
    mjgate: Run, words: list[str], summary: str
) -> None:
    address = "https://mj.example.com"

    found = mjgate("openapi", *words, env={"MJGATE_PUBLIC_URL": address}).json

    assert (found["openapi"], found["servers"]) == ("3.1.0", [{"url": address}])
    assert found["paths"]["/mj/submit/imagine"]["post"]["summary"] == summary
