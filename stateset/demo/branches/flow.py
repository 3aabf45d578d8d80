"""Open the branches: live one, read it, undo it, write it once for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.demo.branches.reading import Template, read_template
from stateset.demo.branches.varying import MOST_BRANCHES
from stateset.demo.branches.writing import writer_of
from stateset.demo.errors import DemoRefusedError
from stateset.demo.living import live_half_a_year
from stateset.lib.journal import Entry, business_transaction, record
from stateset.lib.progress import progress
from stateset.system.models import NumberSequence
from stateset.system.services import telling_nobody
from stateset.system.triggers import audit_paused


def open_branches(
    *, branches: int, orders: int, seed: int, now: datetime, using: str
) -> None:
    """Make a company of so many branches with so many orders each.

    In the caller's transaction. What is written for the branches leaves one note in
    the audit log, and no messages.
    """
    if branches > MOST_BRANCHES:
        raise DemoRefusedError(
            "No demo data was made.",
            why=f"{branches:,} branches of {orders:,} orders are too many",
            fix=f"ask for at most {MOST_BRANCHES * orders:,} orders",
        )
    connection = connections[using]
    dialect = writer_of(connection).DIALECT
    with TemporaryDirectory(prefix="stateset-demo-") as folder:
        with undone(using), telling_nobody():
            live_half_a_year(orders=orders, seed=seed, now=now)
            template = read_template(
                Path(folder),
                connection,
                dialect,
                branches=branches,
                now=now,
                seed=seed,
            )
        with business_transaction(using=using):
            write_shared(connection, template)
            with audit_paused(using):
                write_branches(connection, template, branches)
            move_numbers_on(template, branches, using)
            details = {"branches": branches, "orders_each": orders}
            record(Entry("demo.branches_written", details=details))


@contextmanager
def undone(using: str) -> Iterator[None]:
    """Undo what the block writes."""
    with transaction.atomic(using=using):
        yield
        transaction.set_rollback(True, using=using)


def write_shared(connection: BaseDatabaseWrapper, template: Template) -> None:
    """Write what all branches share, audited like everything else."""
    writer = writer_of(connection)
    for sheet in template.shared:
        for lines in sheet.portions():
            writer.write(connection, sheet, (line.texts(1) for line in lines))


def write_branches(
    connection: BaseDatabaseWrapper, template: Template, branches: int
) -> None:
    """Write each row of the template for every branch, before the row after it.

    So the rows of a table lie in the order of time, as in a company that grew.
    """
    writer = writer_of(connection)
    with progress("Branches", template.portions) as advance:
        for sheet in template.own:
            for lines in sheet.portions():
                texts = (line.texts(branches) for line in lines)
                writer.write(connection, sheet, texts)
                advance()


def move_numbers_on(template: Template, branches: int, using: str) -> None:
    """Have every series of numbers go on after what all branches took."""
    NumberSequence.objects.using(using).bulk_create(
        NumberSequence(
            key=series.key,
            next_value=(series.next_value - 1) * branches + 1,
            skipped=series.skipped * branches,
        )
        for series in template.series
    )
