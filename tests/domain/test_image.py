"""Images in requests: base64 in every form that clients send, and addresses."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mjgate.domain.errors import BadAddress, BadImage
from mjgate.domain.image import ADDRESS_MOST, Picture, read_image, sniff

HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\x10\x00\x00\x00WEBP",
}
NOT_OURS = [
    b"", b"GIF88a", b"\x89PNG", b"\xff\xd8", b"RIFF\x10\x00\x00\x00WAVE", b"<svg/>", b"%PDF-1.7",
    b"BM", b"\x00\x00\x00\x18ftypmp42", b"II*\x00", b"<html>", b" \x89PNG\r\n\x1a\n",
]  # fmt: skip


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(("kind", "head"), [*HEADS.items(), ("image/gif", b"GIF87a")])
def test_the_type_is_read_from_the_bytes_and_never_believed(kind: str, head: bytes) -> None:
    data = head + b"\x00\xfe\xfb rest"

    read = read_image(f"data:text/html;base64,{encoded(data)}", "base64")

    assert read == Picture(data, kind)


@pytest.mark.parametrize("data", NOT_OURS)
def test_other_bytes_are_no_image(data: bytes) -> None:
    assert sniff(data) is None
    with pytest.raises(BadImage) as refused:
        read_image(encoded(data), "base64")
    assert refused.value.field == "base64"


@pytest.mark.parametrize("width", [76, 77, 1_000_000])
def test_a_large_picture_is_read_slice_by_slice_wherever_its_lines_break(width: int) -> None:
    content = HEADS["image/png"] + bytes(range(256)) * 3_000
    text = encoded(content)
    text = "\n".join(text[at : at + width] for at in range(0, len(text), width))

    assert read_image(text, "image") == Picture(content, "image/png")


def test_what_goes_on_behind_its_padding_is_no_base64() -> None:
    head = encoded(HEADS["image/png"])
    assert head.endswith("=")

    for broken in (head + head, "A" * (256 * 1024 - len(head)) + head + head, head + "\n" + head):
        with pytest.raises(BadImage):
            read_image(broken, "image")


@given(st.sampled_from(sorted(HEADS)), st.binary(max_size=64), st.data())
def test_base64_is_read_in_every_form(kind: str, tail: bytes, data: st.DataObject) -> None:
    content = HEADS[kind] + tail
    text = encoded(content)
    if data.draw(st.booleans(), label="URL alphabet"):
        text = text.replace("+", "-").replace("/", "_")
    if data.draw(st.booleans(), label="no padding"):
        text = text.rstrip("=")
    width = data.draw(st.integers(1, 80), label="line length")
    text = "\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    prefix = data.draw(
        st.sampled_from(["", "data:image/png;base64,", "DATA:;base64,", " data:x,\n"])
    )

    read = read_image(f" {prefix}{text}\n", "image")

    assert read == Picture(content, kind)


@pytest.mark.parametrize(
    "text",
    [
        "%%%", "ü", "a", "====", " ", "data:", "data:image/png;base64", "data:image/png;base64,",
        "iVBORw0KGgo*", "iVBORw0KGgo=iVBORw0KGgo=", "ftp://a.example/x.png", "file:///etc/passwd",
        "/etc/passwd", "//a.example/x.png", "javascript:x", "http:/a.example",
    ],
)  # fmt: skip
def test_what_is_neither_base64_nor_an_address_is_refused(text: str) -> None:
    with pytest.raises(BadImage) as refused:
        read_image(text, "maskBase64")

    assert refused.value.field == "maskBase64"
    assert "maskBase64" in refused.value.description


@pytest.mark.parametrize(
    "address", ["http://a.example/x.png", "HTTPS://a.example/?b=c", " https://x"]
)
def test_an_address_is_kept_as_it_is(address: str) -> None:
    assert read_image(address, "image") == address.strip()


def test_an_address_that_is_too_long_is_refused_as_such() -> None:
    long = "https://a.example/" + "x" * ADDRESS_MOST

    with pytest.raises(BadAddress) as refused:
        read_image(long, "link")

    assert refused.value.field == "link"


@given(st.text())
def test_any_text_is_an_image_or_refused(text: str) -> None:
    try:
        read = read_image(text, "image")
    except BadImage:
        return

    assert isinstance(read, str) or sniff(read.data) == read.type
