"""The keys that seals are made with: derived from the secret key, never stored."""

from __future__ import annotations

import hashlib
import hmac

from stateset.system import conf

PURPOSE = b"stateset.system.sealing"


def present_key() -> tuple[str, bytes]:
    """Return the name and the bytes of the key that new seals are made with."""
    key = _derive(conf.secret_keys()[0])
    return _name(key), key


def known_keys() -> dict[str, bytes]:
    """Return every key this installation has, by name: the present and old ones."""
    keys = map(_derive, conf.secret_keys())
    return {_name(key): key for key in keys}


def _derive(secret: str) -> bytes:
    return hmac.digest(secret.encode(), PURPOSE, "sha256")


def _name(key: bytes) -> str:
    """Return what tells a key from others and says nothing about it."""
    return hashlib.sha256(PURPOSE + key).hexdigest()[:16]
