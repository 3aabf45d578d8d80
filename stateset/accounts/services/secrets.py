"""Secrets that are shown once and kept as a hash.

They carry 256 random bits, so a fast hash is right: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets


def make_secret(prefix: str = "") -> str:
    """Return a new secret of 256 random bits behind ``prefix``."""
    return prefix + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret as 64 hex digits, the form that is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()
