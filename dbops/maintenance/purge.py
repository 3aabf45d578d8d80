"""Delete rows whose time is over, by the rules each app offers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from dbops.audit import journaled
from dbops.engines.registry import get_engine
from dbops.errors import NotMigratedError
from dbops.leases import leased
from dbops.stopping import stoppable
from stateset.lib.journal import acting, business_transaction
from stateset.lib.retention import Rows, Rule, chosen_rules

BATCH = 500
STILL_NEEDED = (ProtectedError, RestrictedError, IntegrityError)
"""What the database or Django say of a row that another one refers to."""


@dataclass(frozen=True)
class RulePurge:
    """What one rule found over, deleted, and had to keep."""

    rule: Rule
    table: str
    before: datetime
    found: int
    deleted: int = 0
    kept: int = 0


@dataclass(frozen=True)
class PurgeResult:
    """What a purge did, or would do."""

    parts: tuple[RulePurge, ...]
    is_applied: bool

    @property
    def summary(self) -> str:
        """The line a log keeps."""
        if not self.is_applied:
            found = sum(part.found for part in self.parts)
            return f"{_rows(found)} would go; add --apply to delete them"
        deleted = sum(part.deleted for part in self.parts)
        kept = sum(part.kept for part in self.parts)
        more = f"; {_rows(kept)} stayed: something refers to them" if kept else ""
        return f"Deleted {_rows(deleted)}{more}"


def purge_records(
    *,
    rules: Collection[str] = (),
    apply: bool = True,
    alias: str = DEFAULT_DB_ALIAS,
    at: datetime | None = None,
) -> PurgeResult:
    """Delete what is over by the rules of these names, all of them for none.

    Each batch is a transaction of its own: a run that is killed leaves whole
    documents, and the next one goes on. A row that another one refers to stays.
    Without ``apply`` rows are only counted.
    """
    chosen = chosen_rules(rules)
    now = at or timezone.now()
    engine = get_engine(alias)
    engine.require_database()
    _require_tables(chosen, alias)
    if not apply:
        counted = tuple(_counted(rule, now, alias) for rule in chosen)
        return PurgeResult(counted, is_applied=False)
    with (
        acting(actor_label="purge_records"),
        journaled("database.purge", subject="database") as details,
        stoppable("The purge"),
        leased(engine, "purge_records"),
    ):
        parts = tuple(_purged(rule, now, alias) for rule in chosen)
        details |= {"id": alias} | {
            part.rule.name: part.deleted for part in parts if part.deleted
        }
    return PurgeResult(parts, is_applied=True)


def _require_tables(rules: Collection[Rule], alias: str) -> None:
    there = set(connections[alias].introspection.table_names())
    needed = {rule.rows(timezone.now()).model._meta.db_table for rule in rules}
    if missing := sorted(needed - there):
        raise NotMigratedError(
            "Nothing was purged.",
            why=f"the database {alias!r} has no table {missing[0]}",
            fix="bring it up to date with `python manage.py migration up`",
        )


def _counted(rule: Rule, now: datetime, alias: str) -> RulePurge:
    before = now - rule.keep
    rows = rule.rows(before).using(alias)
    return RulePurge(rule, rows.model._meta.db_table, before, rows.count())


def _purged(rule: Rule, now: datetime, alias: str) -> RulePurge:
    before = now - rule.keep
    rows = rule.rows(before).using(alias)
    found = deleted = 0
    for keys in _batches(rows):
        found += len(keys)
        try:
            deleted += _delete(rule, rows, keys)
        except STILL_NEEDED:
            deleted += sum(_delete_if_free(rule, rows, key) for key in keys)
    table = rows.model._meta.db_table
    return RulePurge(rule, table, before, found, deleted, found - deleted)


def _batches(rows: Rows) -> Iterator[list[Any]]:
    """Yield keys in order, each once: a row that stays is not asked for again."""
    rest = rows.order_by("pk").values_list("pk", flat=True)
    keys = list(rest[:BATCH])
    while keys:
        yield keys
        keys = list(rest.filter(pk__gt=keys[-1])[:BATCH])


def _delete_if_free(rule: Rule, rows: Rows, key: Any) -> int:
    try:
        return _delete(rule, rows, [key])
    except STILL_NEEDED:
        return 0


def _delete(rule: Rule, rows: Rows, keys: list[Any]) -> int:
    alias = rows.db
    unlocked = rule.unlocks(alias) if rule.unlocks else nullcontext()
    with (
        business_transaction(reason=f"retention: {rule.name}", using=alias),
        unlocked,
    ):
        # The rule is asked once more: meanwhile a customer may have come back.
        batch = rows.filter(pk__in=keys)
        if rule.release is not None:
            rule.release(batch)
        _, by_model = batch.order_by().delete()
    return int(by_model.get(rows.model._meta.label, 0))


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count != 1)}"
