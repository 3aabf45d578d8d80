"""What was written since a backup, and so is gone after its restore.

Rows are counted in full, then and now. As many new as deleted ones do not show in
that, nor does a changed row; for those the audit log is asked, in the tables that it
watches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, transaction

from dbops import conf
from dbops.engines.base import Contents, summarised
from stateset.lib import journal
from stateset.lib.reports import UNKNOWN, Row

NOT_WATCHED = "not watched"
BASIS = (
    "rows are counted; changes are what the audit log has since the backup, of the"
    " tables it watches; more may come in until they change places"
)


@dataclass(frozen=True)
class Loss:
    """One table: its rows then and now, and how often they were changed since.

    ``changes`` is None where nobody watches the table.
    """

    table: str
    then: int
    now: int
    changes: int | None

    @property
    def row(self) -> Row:
        """Return it as a row of a report."""
        return {
            "table": self.table,
            "rows then": self.then,
            "rows now": self.now,
            "changes": NOT_WATCHED if self.changes is None else self.changes,
        }

    @property
    def words(self) -> str:
        """Return what was written to it."""
        more = self.now - self.then
        words = [f"{more:+} rows"] if more else []
        if self.changes:
            words.append(f"{self.changes} changes")
        return ", ".join(words)

    def __str__(self) -> str:
        return f"{self.table} {self.words}"


def find_losses(
    alias: str, then: Contents, now: Contents, since: datetime
) -> list[Loss]:
    """Return the tables that were written to since, as far as anybody can tell.

    Those whose rows stay out of dumps are none of it.
    """
    changes = recorded_changes(alias, since)
    found = [
        Loss(name, then.tables.get(name, 0), now.tables.get(name, 0), changes.get(name))
        for name in sorted({*then.tables, *now.tables} - {*then.left_out})
    ]
    return [loss for loss in found if loss.then != loss.now or loss.changes]


def summarise_losses(losses: Sequence[Loss] | None) -> str:
    """Return in a line what is gone afterwards; None stands for unknown."""
    if losses is None:
        return UNKNOWN
    if not losses:
        return "nothing that shows"
    return summarised([str(loss) for loss in losses])


def recorded_changes(alias: str, since: datetime) -> Mapping[str, int]:
    """Return what the audit log knows, nothing where there is none to be read.

    What is true of this installation, whatever is restored, is none of it.
    """
    try:
        # A statement that fails must not spoil what the caller has begun.
        with transaction.atomic(using=alias):
            changes = journal.changes_since(alias, since)
    except DatabaseError:
        return {}
    return {
        table: count
        for table, count in changes.items()
        if table not in conf.RUNTIME_TABLES
    }
