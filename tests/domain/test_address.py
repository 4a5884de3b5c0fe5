"""Which addresses may be opened."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.address import Gate, Origin, allowed, read, refuse
from mjgate.domain.errors import BadAddress
from tests.public_http.hostile import HOSTILE, PLAIN

V4 = st.ip_addresses(v=4).filter(lambda address: isinstance(address, IPv4Address))
V6 = st.ip_addresses(v=6)
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.0.23",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:ec2::254",
    "fd20:ce::254",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        refuse(url, field="notifyHook")

    assert refused.value.code == 4
    assert refused.value.field == "notifyHook"


@pytest.mark.parametrize(("url", "host", "port"), PLAIN)
def test_a_plain_address_is_read(url: str, host: str, port: int) -> None:
    refuse(url)

    assert (Origin.of(url).host, Origin.of(url).port) == (host, port)


def test_an_address_keeps_its_bytes_but_for_the_fragment() -> None:
    signed = "https://CDN.example.com/a%2Fb/%7Ec.png?ex=6a&is=%41+b&hm=a=b&#top"

    target = read(signed)

    assert target.url == "https://cdn.example.com/a%2Fb/%7Ec.png?ex=6a&is=%41+b&hm=a=b&"


def test_other_scripts_are_sent_in_ascii() -> None:
    target = read("https://图片.example/图.png")

    assert target.url == "https://xn--wcsw84d.example/%E5%9B%BE.png"


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1", "100.64.0.1", "127.0.0.1", "172.31.255.255", "192.168.0.1", "0.0.0.1",
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1",
        "ff02::1", "2001:db8::1", "2001:2::1", "3fff::1", "5f00::1", "100::1", "64:ff9b:1::1",
        "::8.8.8.8", "::ffff:0:8.8.8.8", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:7f00:1",
        *METADATA,
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_allowed(text: str) -> None:
    assert not allowed(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
    ],
)  # fmt: skip
def test_what_is_public_is_allowed(text: str) -> None:
    assert allowed(ip_address(text))


@given(V4)
def test_an_ipv4_address_inside_an_ipv6_address_decides(inner: IPv4Address) -> None:
    number = int(inner)
    wrapped = [
        IPv6Address(0xFFFF << 32 | number),  # mapped
        IPv6Address(0x64_FF9B << 96 | number),  # NAT64
        IPv6Address(0x2002 << 112 | number << 80 | 1),  # 6to4
        IPv6Address(0x2001 << 112 | int(IPv4Address("8.8.8.8")) << 64 | number ^ 0xFFFF_FFFF),
        IPv6Address(0x2001 << 112 | number << 64 | int(IPv4Address("8.8.8.8")) ^ 0xFFFF_FFFF),
    ]

    assert {allowed(address) for address in wrapped} == {allowed(inner)}


@given(V4, st.integers(0, 2**64 - 1))
def test_a_private_ipv4_address_is_not_reached_by_isatap(inner: IPv4Address, prefix: int) -> None:
    wrapped = IPv6Address(prefix << 64 | 0x5EFE << 32 | int(inner))

    if not allowed(inner):
        assert not allowed(wrapped)


@given(V6)
def test_only_global_unicast_or_something_public_inside_is_allowed(address: IPv6Address) -> None:
    inside = address.ipv4_mapped is not None or int(address) >> 32 == 0x64_FF9B << 64

    if allowed(address):
        assert inside or int(address) >> 125 == 1


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/path"):
        try:
            target = read(url)
        except BadAddress:
            continue

        assert target.url.isascii()
        assert read(target.url) == target


@given(V4)
def test_a_literal_is_refused_exactly_when_it_is_not_public(address: IPv4Address) -> None:
    try:
        refuse(f"http://{address}/")
    except BadAddress:
        assert not allowed(address)
    else:
        assert allowed(address)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}"]))
def test_an_ipv4_address_in_one_number_is_refused(number: int, form: str) -> None:
    with pytest.raises(BadAddress):
        refuse(f"http://{form.format(number)}/")


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "localhost"])
def test_an_operator_lets_an_address_pass(entry: str) -> None:
    gate = Gate.letting([entry])

    assert gate.check("http://127.0.0.1:9000/hook").origin == Origin("http", "127.0.0.1", 9000)
    assert gate.check("http://localhost:9000/hook").literal is None  # its addresses will tell


def test_an_operator_lets_a_name_pass_wherever_it_leads() -> None:
    gate = Gate.letting([" Receiver.internal ", ""])

    gate.check("http://receiver.internal/hook")

    assert gate.passes("receiver.internal", ip_address("10.1.2.3"))
    assert not gate.passes("other.example", ip_address("10.1.2.3"))
    with pytest.raises(BadAddress):
        gate.check("http://sub.receiver.internal/hook")


@pytest.mark.parametrize(
    "entry", ["127.0.0.1:9000", "http://a.example", "a b", "127.1", "[::1]x", "*"]
)
def test_an_entry_that_is_no_host_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host name"):
        Gate.letting([entry])


@pytest.mark.parametrize("text", METADATA)
def test_no_exception_opens_a_metadata_service(text: str) -> None:
    address = ip_address(text)
    host = f"[{text}]" if address.version == 6 else text
    gate = Gate.letting(["0.0.0.0/0", "::/0", "meta.example"]).beside(Origin("http", text, 80))

    assert not gate.passes("meta.example", address)
    with pytest.raises(BadAddress):
        gate.check(f"http://{host}/latest/meta-data/")


@given(
    st.sampled_from(METADATA[:6]), st.sampled_from([0xFFFF << 32, 0x64_FF9B << 96, 0, 0x5EFE << 32])
)
def test_no_exception_opens_a_wrapped_metadata_service(text: str, prefix: int) -> None:
    gate = Gate.letting(["0.0.0.0/0", "::/0", "meta.example"])

    assert not gate.passes("meta.example", IPv6Address(prefix | int(IPv4Address(text))))


def test_origins_are_the_same_however_the_address_is_written() -> None:
    assert Origin.of("HTTPS://Api.Example.com") == Origin.of("https://api.example.com:443/x?y#z")
    assert Origin.of("http://[::FFFF:127.0.0.1]") == Origin.of("http://[::ffff:7f00:1]:80/")
    assert Origin.of("http://a.example") != Origin.of("https://a.example")
    assert Origin.of("http://a.example") != Origin.of("http://a.example:8080")
