"""The words in which an app says what must not come back with a restored database.

An app's ``quarantine.py`` offers ``quarantine(restored, live)``. It gets the alias
of the restored database, which nobody uses yet, and of the one that was live, or
None where that cannot be read; it changes the restored one only, so that nothing
revoked, delivered or numbered since the backup is open, sent or issued again. It may
run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import DatabaseError

from stateset.lib.discovery import discover
from stateset.lib.journal import business_transaction


@dataclass(frozen=True)
class Finding:
    """What was done to one kind of row; ``names`` are for a person to confirm."""

    subject: str
    done: str
    count: int
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = f": {', '.join(self.names)}" if self.names else ""
        return f"{self.count} {self.done}{named}"


def by_subject(findings: Iterable[Finding]) -> dict[str, str]:
    """Return what was found as people read it; of one subject there may be several."""
    told: dict[str, str] = {}
    for each in findings:
        before = told.get(each.subject)
        told[each.subject] = f"{before}; {each}" if before else str(each)
    return told


def run_quarantine(restored: str, live: str | None) -> Iterator[Finding]:
    """Have every app look over the restored database, each in one transaction.

    Where an app cannot make sense of the live one, it decides as if there were none.
    """
    for module in discover("quarantine"):
        try:
            yield from _run(module.quarantine, restored, live)
        except DatabaseError as error:
            if live is None:
                raise
            line = (str(error).strip() or type(error).__name__).splitlines()[0]
            name = module.__name__.rpartition(".")[0]
            yield Finding(name, f"table unreadable in the old database ({line})", 1)
            yield from _run(module.quarantine, restored, None)


def _run(
    quarantine: Callable[[str, str | None], Iterator[Finding]],
    restored: str,
    live: str | None,
) -> list[Finding]:
    with business_transaction(reason="quarantine after a restore", using=restored):
        return [found for found in quarantine(restored, live) if found.count]
