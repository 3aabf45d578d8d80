"""What a seal says, what binds it to the one before, and who could have made it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

from stateset.lib.invariants import Violation
from stateset.system.models import Seal
from stateset.system.sealing.keys import known_keys, present_key


def link(seal: Seal) -> str:
    """Return what the next seal holds as ``previous_hash``."""
    return hashlib.sha256(_said(seal) + seal.mac.encode()).hexdigest()


def sign(seal: Seal, *, after: Seal | None) -> Seal:
    """Bind a new seal to the last one, with the present key."""
    seal.previous_hash = link(after) if after else ""
    seal.key_name, key = present_key()
    seal.mac = _mac(seal, key)
    return seal


def is_genuine(seal: Seal, keys: Mapping[str, bytes]) -> bool:
    """Return whether one of our own keys made the seal as it is."""
    key = keys.get(seal.key_name)
    return key is not None and hmac.compare_digest(seal.mac, _mac(seal, key))


def chain_violations(seals: Iterable[Seal]) -> list[Violation]:
    """Return what is wrong with the seals themselves, which come in their order.

    A seal whose key is gone counts as long as a genuine one follows it, since that
    one was bound to it. A genuine seal of the seals accepts what came before.
    """
    keys = known_keys()
    found: list[Violation] = []
    unproven: list[Violation] = []
    before: Seal | None = None
    for seal in seals:
        if seal.previous_hash != (link(before) if before else ""):
            found += [*unproven, _violation(seal, "does not follow the one before it")]
            unproven = []
        if is_genuine(seal, keys):
            unproven = []
            if seal.table_name == Seal._meta.db_table:
                found = []
        elif seal.key_name in keys:
            found.append(_violation(seal, "was changed, or made without the key"))
        else:
            unproven = [_violation(seal, _without_key(seal))]
        before = seal
    return found + unproven


def _without_key(seal: Seal) -> str:
    return (
        f"was made with the key {seal.key_name}, which is not configured"
        " (APP__SECRET_KEY_FALLBACKS), and none after it vouches for it"
    )


def _violation(seal: Seal, words: str) -> Violation:
    return Violation(f"seal {seal.pk} of {seal}", words)


def _mac(seal: Seal, key: bytes) -> str:
    return hmac.digest(key, _said(seal), "sha256").hex()


def _said(seal: Seal) -> bytes:
    return json.dumps(
        [
            seal.previous_hash,
            seal.table_name,
            seal.first_id,
            seal.last_id,
            seal.row_count,
            seal.columns,
            seal.rows_hash,
            seal.reason,
            seal.created_at.isoformat(),
            seal.key_name,
        ]
    ).encode()
