"""Keys: encryption of what names a person, and the keyed hashes it is found by."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class KeyringError(ValueError):
    """A SECRET_KEY that cannot be used; the message says what to do."""


class Sealed(ValueError):
    """Something stored that none of our keys opens."""


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


class _Key:
    def __init__(self, secret: bytes) -> None:
        self.number = hashlib.sha256(b"kitline key number" + secret).digest()[:1]
        self.cipher = AESGCMSIV(_derive(secret, "kitline seal"))
        self.blind = _derive(secret, "kitline blind")
        self.sign = _derive(secret, "kitline sign")


class Keyring:
    """The first key encrypts; every key decrypts and finds.

    ``secrets``: base64 texts of 32 or more random bytes each.
    """

    def __init__(self, secrets: list[str]) -> None:
        if not secrets:
            raise KeyringError("SECRET_KEY is empty: give 32 random bytes as base64.")
        self._keys = [_Key(_decode(text)) for text in secrets]

    def seal(self, plain: str, where: str) -> bytes:
        """Encrypt ``plain``, bound to the column it stands in ("table.column")."""
        key = self._keys[0]
        nonce = os.urandom(12)
        data = plain.encode("utf-8", "surrogatepass")
        return key.number + nonce + key.cipher.encrypt(nonce, data, where.encode())

    def open(self, sealed: bytes, where: str) -> str:
        """Decrypt what ``seal`` made; raises ``Sealed`` if no key fits."""
        number, nonce, data = sealed[:1], sealed[1:13], sealed[13:]
        fitting = [key for key in self._keys if key.number == number]
        for key in fitting:  # one byte: two keys may share their number
            try:
                plain = key.cipher.decrypt(nonce, data, where.encode())
            except Exception:  # the library's InvalidTag, and malformed input
                continue
            return plain.decode("utf-8", "surrogatepass")
        if fitting:
            raise Sealed(f"{where}: cannot be opened")
        raise Sealed(f"{where}: sealed under a key that is not in SECRET_KEY")

    def blind(self, text: str) -> str:
        """The keyed hash a text is stored under."""
        return self._blind(self._keys[0], text)

    def blinds(self, text: str) -> list[str]:
        """The hashes a text may be stored under, one a key, newest first."""
        return [self._blind(key, text) for key in self._keys]

    @staticmethod
    def _blind(key: _Key, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hmac.new(key.blind, data, hashlib.sha256).hexdigest()[:32]

    def signing_secret(self, purpose: str) -> str:
        """A secret for links, cookies or a webhook, made from the first key."""
        return self.signing_secrets(purpose)[0]

    def signing_secrets(self, purpose: str) -> list[str]:
        """The same from every key, newest first: what was signed before a rotation still holds."""
        data = purpose.encode()
        return [hmac.new(key.sign, data, hashlib.sha256).hexdigest() for key in self._keys]


def new_secret() -> str:
    """A fresh SECRET_KEY."""
    return base64.b64encode(os.urandom(32)).decode()


def _decode(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except ValueError as wrong:
        raise KeyringError("SECRET_KEY is not base64: give 32 random bytes as base64.") from wrong
    if len(secret) < 32:
        raise KeyringError("SECRET_KEY is too short: give 32 random bytes or more, as base64.")
    return secret
