import pytest

from mjgate.proxies import BadProxy, Proxy


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://127.0.0.1:3128", "http://127.0.0.1:3128"),
        ("socks5://proxy.example:1080/", "socks5://proxy.example:1080"),
        ("socks5h://me:p%40ss@proxy.example:1080", "socks5h://****@proxy.example:1080"),
        ("http://me:secret@[2001:db8::1]:8080", "http://****@[2001:db8::1]:8080"),
    ],
)
def test_a_proxy_is_shown_without_who_opens_it(text: str, shown: str) -> None:
    proxy = Proxy.read(text)

    assert proxy.masked == shown
    assert "secret" not in repr(proxy)


def test_userinfo_is_read_as_it_was_meant() -> None:
    proxy = Proxy.read("socks5://me:p%40ss%2Fword@proxy.example:1080")

    assert (proxy.user, proxy.password) == ("me", "p@ss/word")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy.example:1080",
        "https://proxy.example:443",
        "socks4://proxy.example:1080",
        "file:///etc/passwd",
        "http://proxy.example",
        "http://proxy.example:0",
        "http://proxy.example:70000",
        "http://:8080",
        "http://proxy.example:80/path",
        "http://proxy.example:80?x=1",
        "http://proxy .example:80",
        "http://proxy.example:80\r\nX: y",
        "http://" + "a" * 1_000 + ":80",
    ],
)
def test_what_is_no_proxy_is_refused(text: str) -> None:
    with pytest.raises(BadProxy, match="socks5://"):
        Proxy.read(text)
