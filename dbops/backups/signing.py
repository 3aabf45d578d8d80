"""Who wrote a manifest: an HMAC over its canonical JSON, by a key outside the storage.

The digest in a manifest finds accidents. Only this finds somebody who can write where
backups lie and has no key.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dbops import conf
from dbops.errors import BackupUntrustedError, RestoreRefusedError

if TYPE_CHECKING:
    from dbops.backups.manifest import Manifest

SIGNATURE = "signature"
SCHEME = "hmac-sha256"
# What is signed says what it is, so that the key is good for nothing else.
PURPOSE = b"stateset backup manifest\n"
KEYS = "APP__BACKUP_SIGNING_KEYS"
ALLOWING = "--allow-unsigned"


def canonical(values: Mapping[str, Any]) -> bytes:
    """Return JSON that is the same for the same values, however they were written."""
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def sign(values: Mapping[str, Any], purpose: bytes = PURPOSE) -> dict[str, str] | None:
    """Return the signature by the first key; nothing where there is no key."""
    for name, secret in conf.signing_keys().items():
        value = _hmac(secret, values, purpose)
        return {"scheme": SCHEME, "key": name, "value": value}
    return None


def signer(signature: Any) -> str:
    """Return the name of the key that a signature says it is by."""
    return str(signature.get("key", "")) if isinstance(signature, dict) else ""


def find_doubt(
    values: Mapping[str, Any], signature: Any, purpose: bytes = PURPOSE
) -> str:
    """Return why values may not be ours, in words; nothing where all is right.

    Without a key here nothing can be said, and nothing is.
    """
    keys = conf.signing_keys()
    if not keys:
        return ""
    if signature is None:
        return "it is not signed"
    try:
        scheme, name = signature["scheme"], signature["key"]
        value = str(signature["value"])
    except (KeyError, TypeError):
        return "its signature cannot be read"
    if scheme != SCHEME or name not in keys:
        return f"it is signed with the key {name!r}, which {KEYS} has not"
    ours = _hmac(keys[name], values, purpose)
    if not hmac.compare_digest(value.encode(), ours.encode()):
        return f"its signature is not by the key {name!r}: it was altered or forged"
    return ""


def describe_signature(manifest: Manifest) -> str:
    """Return for a plan what is known of who wrote a manifest."""
    if manifest.doubt:
        return f"not trusted: {manifest.doubt}; allowed by {ALLOWING}"
    if not manifest.signed_by:
        return "none, and no key is configured"
    if not conf.signing_keys():
        return f"by the key {manifest.signed_by!r}, not checked: no key is configured"
    return f"by the key {manifest.signed_by!r}"


def require_trusted(manifest: Manifest) -> None:
    """Raise BackupUntrustedError for a manifest that may be somebody else's."""
    if manifest.doubt:
        raise BackupUntrustedError(
            f"The backup {manifest.id} is not trusted.",
            why=manifest.doubt,
            fix=f"add the key it was signed with to {KEYS}; if it was made before there"
            f" was one, restore it with {ALLOWING}",
        )


def require_restorable(manifest: Manifest, *, allow_unsigned: bool) -> None:
    """Raise RestoreRefusedError for what is not trusted, unless that is allowed."""
    if manifest.doubt and not allow_unsigned:
        raise RestoreRefusedError(
            f"The backup {manifest.id} was not restored.",
            why=manifest.doubt,
            fix=f"add the key it was signed with to {KEYS}, choose another backup"
            f" (list_backups), or, if you know where it comes from, add {ALLOWING}",
        )


def _hmac(secret: str, values: Mapping[str, Any], purpose: bytes) -> str:
    return hmac.new(secret.encode(), purpose + canonical(values), sha256).hexdigest()
