"""Compare rows with their seals: in the database where it can hash, else here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.system.models import Seal
from stateset.system.sealing.rows import Digest, rows_between, texts_of

Broken = tuple[Seal, int]
"""A seal whose rows are not those it was made of, and how many are there."""

# One read of the index a seal, and only what differs comes here.
COMPARE = """
    SELECT seal.id, made.row_count
    FROM {seals} seal CROSS JOIN LATERAL (
        SELECT count(*) AS row_count, encode(sha256(convert_to(
            coalesce(string_agg(line.sealed, '' ORDER BY line.id), ''), 'UTF8'
        )), 'hex') AS rows_hash
        FROM ({texts}) AS line (id, sealed)
        WHERE line.id BETWEEN seal.first_id AND seal.last_id
    ) made
    WHERE seal.id = ANY (%s)
      AND (made.row_count, made.rows_hash) IS DISTINCT FROM
          (seal.row_count, seal.rows_hash)
"""


def differing(
    model: type[models.Model], seals: Sequence[Seal], *, using: str
) -> Iterator[Broken]:
    """Yield those of the seals, which come in order of ids, whose rows differ."""
    connection = connections[using]
    compare = COMPARISONS[connection.vendor]
    for columns, alike in groupby(seals, key=lambda seal: seal.columns):
        yield from compare(connection, model, columns, list(alike))


def _on_postgresql(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    columns: str,
    seals: list[Seal],
) -> Iterator[Broken]:
    texts = texts_of(model, columns, using=connection.alias).order_by()
    sql, values = texts.query.get_compiler(connection=connection).as_sql()
    statement = COMPARE.format(seals=Seal._meta.db_table, texts=sql)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, [seal.pk for seal in seals]])
        found = dict(cursor.fetchall())
    for seal in seals:
        if seal.pk in found:
            yield seal, found[seal.pk]


def _on_sqlite(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    columns: str,
    seals: list[Seal],
) -> Iterator[Broken]:
    for seal in seals:
        made = Digest()
        for row in rows_between(
            model, columns, seal.first_id, seal.last_id, using=connection.alias
        ):
            made.add(row)
        if not made.agrees_with(seal):
            yield seal, made.count


COMPARISONS = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}
