"""The words in which an app says what ends by itself when its time ran out.

An app's ``expiry.py`` offers ``rules()``. What ran out must count as over before
anybody ends it: ending it only tidies, and may come late or twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from stateset.lib.discovery import discover, named_rules


class Expire(Protocol):
    """Ends what ran out at a moment, and returns how many rows that were."""

    def __call__(self, *, at: datetime) -> int: ...


@dataclass(frozen=True)
class Expiry:
    """What ends, how many are told as, and the name that the rule is called by."""

    name: str
    ended: str
    expire: Expire


def all_expiries() -> Iterator[Expiry]:
    """Yield the rules of every app that has some."""
    for module in discover("expiry"):
        yield from module.rules()


def chosen_expiries(names: Collection[str]) -> list[Expiry]:
    """Return the rules of these names, all of them for none; raise UsageError."""
    return named_rules(all_expiries(), names, refused="Nothing was ended.")


def expire_records(
    *, rules: Collection[str] = (), at: datetime
) -> list[tuple[Expiry, int]]:
    """End what ran out at ``at``, rule by rule, and say how many each ended.

    A rule that fails keeps no other from its turn; then its error is raised.
    """
    ended: list[tuple[Expiry, int]] = []
    failed: list[Exception] = []
    for rule in chosen_expiries(rules):
        try:
            ended.append((rule, rule.expire(at=at)))
        except Exception as error:  # noqa: BLE001 -- raised when all had their turn
            error.add_note(f"while ending {rule.name}")
            failed.append(error)
    if failed:
        raise failed[0]
    return ended
