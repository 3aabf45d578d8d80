from __future__ import annotations

import pytest

from dbops.engines.postgresql.configuration import tune
from dbops.engines.tuning import Tuning
from stateset.lib.databases import separate_connection
from tests.dbops.shop import ALIAS, Shop

PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@pytest.mark.postgresql
@pytest.mark.parametrize(("threshold", "prepared"), [(0, False), (2, True)])
def test_a_statement_is_prepared_when_it_has_run_often_enough(
    shop: Shop, threshold: int, *, prepared: bool
) -> None:
    connection = separate_connection(ALIAS)
    tuning = Tuning("stateset-test", connect_timeout=5, prepare_threshold=threshold)
    tune(connection.settings_dict, tuning)
    try:
        with connection.cursor() as cursor:
            for _ in range(4):
                cursor.execute("SELECT note FROM orders WHERE id = %s", [7])
            cursor.execute(PREPARED)
            assert bool(cursor.fetchone()[0]) == prepared
    finally:
        connection.close()
