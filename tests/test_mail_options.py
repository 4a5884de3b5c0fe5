"""The server for mail, from the options that name it."""

import pytest

from mjgate.app import _mail
from mjgate.config import ConfigError
from mjgate.config.sources import load
from mjgate.lifecycle.alerts import Mail


def mail_of(**options: str) -> Mail | None:
    return _mail(load({}, {f"MJGATE_{name.upper()}": text for name, text in options.items()}))


def test_without_a_server_there_is_no_mail() -> None:
    assert mail_of() is None


def test_the_address_names_server_user_and_encryption() -> None:
    plain = mail_of(smtp_url="smtp://me%40x@mail.test", public_url="https://mj.test")
    inside = mail_of(smtp_url="smtps://mail.test:2465", smtp_password="hush-hush", smtp_from="a@b")

    assert plain == Mail("mail.test", 587, "mjgate@mj.test", user="me@x")
    assert inside == Mail("mail.test", 2465, "a@b", encrypted=True, password="hush-hush")
    assert "hush" not in repr(inside)


@pytest.mark.parametrize("text", ["smtp://me:secret@mail.test", "mail.test", "http://mail.test"])
def test_an_address_with_a_password_or_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as found:
        mail_of(smtp_url=text)

    assert "secret" not in str(found.value)
