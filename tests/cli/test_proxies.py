"""A channel's proxy on the command line: given where nobody sees it, shown without its userinfo."""

from tests.cli.conftest import Run

ADDING = ("channel", "add", "--name", "main", "--base-url", "https://mj.example")
PROXY = "socks5://me:a-password@proxy.example:1080"


def test_a_proxy_comes_from_standard_input_and_is_shown_without_its_userinfo(there: Run) -> None:
    there(*ADDING, "--secret", "-", "--proxy", "-", "--json", stdin=f"s3cret\n{PROXY}\n")

    listed = there("channel", "list", "--json")

    assert listed.json["channels"][0]["proxy"] == "socks5://****@proxy.example:1080"
    assert "a-password" not in listed.out


def test_a_proxy_is_changed_by_the_environment_and_removed_by_saying_none(there: Run) -> None:
    there(*ADDING, "--secret", "-", stdin="s3cret\n")

    changed = there("channel", "proxy", "main", "--json", env={"MJGATE_CHANNEL_PROXY": PROXY})
    removed = there("channel", "proxy", "main")
    refused = there("channel", "proxy", "main", "--proxy", "-", stdin="ftp://a:1\n")

    assert changed.json["proxy"] == "socks5://****@proxy.example:1080"
    assert "reached through no proxy" in removed.out
    assert refused.code == 2
    assert "socks5://" in refused.err
