"""
Secrets: one master key, a sub-key for each purpose, and keys that clients carry.

Signatures are deterministic and name their key, so that a rotated key still verifies what it
signed. Nothing here is ever stored but by its fingerprint or encrypted.
"""

import hashlib
import hmac
import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mjgate.domain.webhook import PREFIX

SHORTEST: Final = 32
"""Characters that a master key must have at least."""

_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Purpose(StrEnum):
    """What a sub-key is for; what was made for one purpose counts for no other."""

    CHANNEL = "channel"  # encrypts the keys of channels
    PROXY = "proxy"  # encrypts the addresses of their proxies
    WEBHOOK = "webhook"  # encrypts the secrets that sign webhooks
    MEDIA = "media"  # signs addresses of pictures and clips
    REFERENCE = "reference"  # signs addresses at which channels get reference images
    NOTICE = "notice"  # signs the addresses at which channels call us back
    FORM = "form"  # signs what a page must send along with a change


class WrongKeyError(Exception):
    """A secret cannot be read with the keys at hand."""


@dataclass(frozen=True)
class Master:
    """One master key; `id` names it without telling it."""

    secret: str

    @cached_property
    def id(self) -> str:
        """Eight hexadecimal digits, the same for the same key."""
        return hashlib.sha256(b"mjgate key id\0" + self.secret.encode()).hexdigest()[:8]

    @cached_property
    def _subkeys(self) -> dict[str, bytes]:
        return {}

    def subkey(self, purpose: str) -> bytes:
        """32 bytes that serve one purpose only."""
        found = self._subkeys.get(purpose)
        if found is None:
            derive = HKDF(SHA256(), 32, salt=b"mjgate", info=purpose.encode())
            found = self._subkeys[purpose] = derive.derive(self.secret.encode())
        return found


@dataclass(frozen=True)
class Keys:
    """The master key in force, and retired ones that still read and verify."""

    current: Master
    retired: Mapping[str, Master] = field(default_factory=dict[str, Master])

    def encrypt(self, purpose: str, text: str) -> str:
        """Text that only this purpose's key can read again."""
        return self._box(self.current, purpose).encrypt(text.encode()).decode()

    def decrypt(self, purpose: str, sealed: str) -> str:
        """Read what `encrypt` wrote, with the current key or a retired one. WrongKeyError."""
        for master in (self.current, *self.retired.values()):
            try:
                return self._box(master, purpose).decrypt(sealed.encode()).decode()
            except InvalidToken:
                continue
        msg = f"a stored {purpose} secret was written with another key"
        raise WrongKeyError(msg)

    def sign(self, purpose: str, *parts: str) -> str:
        """A short deterministic signature that names its key: `<key id>.<mac>`."""
        return f"{self.current.id}.{_mac(self.current, purpose, parts)}"

    def verify(self, purpose: str, signature: str, *parts: str) -> bool:
        """Whether one of our keys signed these parts for this purpose."""
        key_id, _, mac = signature.partition(".")
        masters = {self.current.id: self.current, **self.retired}
        master = masters.get(key_id)
        if master is None:
            return False
        expected = _mac(master, purpose, parts)
        return hmac.compare_digest(mac.encode(errors="replace"), expected.encode())

    def secrets(self, name: str) -> list[str]:
        """Secrets made from our keys, that in force first: nothing is stored for them."""
        masters = (self.current, *self.retired.values())
        derived = (master.subkey(f"secret {name}") for master in masters)
        return [PREFIX + b64encode(each).decode() for each in derived]

    def check_value(self) -> str:
        """What a database keeps to recognise the key it was written with."""
        return _mac(self.current, "check value", ())

    @staticmethod
    def _box(master: Master, purpose: str) -> Fernet:
        return Fernet(urlsafe_b64encode(master.subkey(f"encrypt {purpose}")))


def new_master() -> str:
    """A fresh master key."""
    return secrets.token_urlsafe(48)


def new_key(length: int = 48) -> str:
    """A fresh API key, access token or password: letters and digits only."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def fingerprint(key: str) -> str:
    """What is stored of a key: SHA-256 in hexadecimal. Keys are random, so this is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def _mac(master: Master, purpose: str, parts: tuple[str, ...]) -> str:
    message = json.dumps(parts).encode()  # in ASCII, and no two lists of parts look alike
    digest = hmac.digest(master.subkey(f"sign {purpose}"), message, "sha256")
    return urlsafe_b64encode(digest[:18]).decode()
