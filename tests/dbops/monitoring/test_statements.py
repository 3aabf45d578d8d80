from __future__ import annotations

from collections.abc import Iterator

import pytest

from dbops.engines.verbs.activity.statements import Statements
from dbops.monitoring.statements import read_statements
from tests.dbops.monitoring.conftest import PLAIN
from tests.dbops.shop import ALIAS, Shop

CREATE = "CREATE EXTENSION pg_stat_statements"
COSTLY = "SELECT count(*) FROM orders a, orders b WHERE a.id = 7"


@pytest.fixture(autouse=True)
def _without_the_extension(request: pytest.FixtureRequest) -> Iterator[None]:
    """Begin and end each test on PostgreSQL with nothing installed."""
    yield
    shop: Shop = request.getfixturevalue("shop")
    if shop.engine == "postgresql":
        shop.run("DROP EXTENSION IF EXISTS pg_stat_statements")
        shop.run('DROP SCHEMA IF EXISTS "my %stats"')


@pytest.mark.postgresql
def test_without_the_extension_the_line_for_a_dba_is_told(shop: Shop) -> None:
    assert read_statements(ALIAS) == Statements(
        rows=[],
        missing="the extension pg_stat_statements is not in this database",
        remedy=CREATE,
    )


@pytest.mark.postgresql
@pytest.mark.parametrize("version", ["", " VERSION '1.7'"])
def test_the_costliest_statements_are_shown_whatever_the_extension(
    shop: Shop, version: str
) -> None:
    """Until 1.8 a column has another name; it may stand in any schema."""
    shop.run('CREATE SCHEMA "my %stats"')
    shop.run(f'{CREATE} SCHEMA "my %stats"{version}')
    shop.run('SELECT "my %stats".pg_stat_statements_reset()')
    for _ in range(3):
        shop.run(COSTLY)
    found = read_statements(ALIAS, by="mean", limit=50)
    assert found is not None
    assert found.missing == ""
    (costly,) = [row for row in found.rows if "orders a" in str(row.query)]
    assert (costly.calls, costly.rows) == (3, 3)
    assert costly.query == "SELECT count(*) FROM orders a, orders b WHERE a.id = $1"
    assert 0 < costly.mean_ms <= costly.max_ms <= costly.total_ms
    assert 0 < costly.share <= 1
    means = [row.mean_ms for row in found.rows]
    assert means == sorted(means, reverse=True)


@pytest.mark.postgresql
def test_only_so_many_are_shown_by_total(shop: Shop) -> None:
    shop.run(CREATE)
    for _ in range(3):
        shop.run(COSTLY)
    found = read_statements(ALIAS, limit=2)
    assert found is not None
    assert len(found.rows) == 2
    assert found.rows[0].total_ms >= found.rows[1].total_ms


@pytest.mark.postgresql
def test_hidden_texts_are_unknown(shop: Shop, plain_role: str) -> None:
    shop.run(CREATE)
    shop.run(COSTLY)
    found = read_statements(PLAIN)
    assert found is not None
    assert None in [row.query for row in found.rows]
    assert "insufficient privilege" not in str(found)
    assert found.remedy == f"GRANT pg_monitor TO {plain_role}"


@pytest.mark.sqlite
def test_sqlite_counts_no_statements(shop: Shop) -> None:
    assert read_statements(ALIAS) is None
