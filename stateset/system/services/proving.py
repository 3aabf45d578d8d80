"""Prove the books: every rule of every app, as of one moment; keep what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from time import perf_counter

from django.utils import timezone

from stateset.lib.errors import StatesetError
from stateset.lib.invariants import (
    Invariant,
    Violation,
    named_invariants,
    violations,
)
from stateset.lib.journal import current_context
from stateset.system.models import IntegrityRun
from stateset.system.side_by_side import answers_of_one_moment

MOST_KEPT = 200
"""Rows that a run names: enough to begin with, and to read on one page."""

Broken = tuple[Invariant, Violation]


class BooksBrokenError(StatesetError):
    """Rows break a rule of the books; the last integrity run names them."""


@dataclass(frozen=True)
class Proof:
    """What was proven and in how long, how many rows break each rule, and which."""

    rules: list[Invariant]
    seconds: dict[str, float]
    counts: Counter[str]
    broken: list[Broken]
    run: IntegrityRun | None


@dataclass(frozen=True)
class _Look:
    """How many rows break one rule, the first of them, and how long it took."""

    rule: Invariant
    count: int
    broken: list[Broken]
    seconds: float


def prove_books(*, names: Collection[str] = (), most: int | None = None) -> Proof:
    """Prove the rules of these names, all of them for none; nothing is repaired.

    All are of one moment, over several sessions where PostgreSQL has some to spare.
    Counts every row that breaks one and returns the first ``most``. A proof of all
    rules is kept, with its first rows, as an IntegrityRun.
    """
    started_at = timezone.now()
    rules = named_invariants(names)
    longest_first = sorted(rules, key=lambda rule: not rule.is_long)
    looks = answers_of_one_moment(
        [partial(_look, rule, most) for rule in longest_first]
    )
    found = {look.rule.name: look for look in looks}
    seconds = {rule.name: found[rule.name].seconds for rule in rules}
    counts = Counter({name: look.count for name, look in found.items() if look.count})
    named = [broken for rule in rules for broken in found[rule.name].broken]
    broken = named[:most]
    run = None if names else _keep(len(rules), counts, broken, started_at)
    return Proof(rules, seconds, counts, broken, run)


def require_sound_books() -> str:
    """Prove all books and say that they are sound, or raise BooksBrokenError."""
    proof = prove_books(most=MOST_KEPT)
    summary = proof.run.summary if proof.run else ""
    if not proof.broken:
        return summary
    rule, violation = proof.broken[0]
    raise BooksBrokenError(
        f"{summary}.",
        why=f"{rule.name}: {violation}",
        fix="see all of them under System > Integrity runs",
    )


def _look(rule: Invariant, most: int | None) -> _Look:
    begun = perf_counter()
    found = violations([rule])
    broken = list(islice(found, most))
    others = sum(1 for _ in found)
    return _Look(rule, len(broken) + others, broken, perf_counter() - begun)


def _keep(
    rules: int, counts: Counter[str], broken: list[Broken], started_at: datetime
) -> IntegrityRun:
    return IntegrityRun.objects.create(
        started_at=started_at,
        # The clock may have been set back.
        finished_at=max(timezone.now(), started_at),
        asked_by=current_context().actor_label or "check_integrity",
        rules=rules,
        broken_rules=len(counts),
        broken_rows=counts.total(),
        findings=[
            {"check": rule.name, "subject": each.subject, "found": each.found}
            for rule, each in broken[:MOST_KEPT]
        ],
    )
