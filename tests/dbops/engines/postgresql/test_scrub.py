"""A draft is written anew without standing in anybody's way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dbops.engines.registry import get_engine
from tests.dbops.monitoring.holding import holding
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.postgresql

# A backup has read them in the transaction that it keeps open for pg_dump.
READ = "SELECT FROM pg_database, pg_authid, pg_tablespace, pg_shdepend LIMIT 1"
# Of what belongs to all databases, and of what belongs to this one.
FILES = """
    SELECT relname, pg_relation_filenode(oid) FROM pg_class
    WHERE relname IN ('pg_database', 'pg_authid', 'pg_statistic', 'orders')
    ORDER BY relname
"""


def test_whoever_has_read_what_all_databases_share_is_not_waited_for(
    shop: Shop,
) -> None:
    before = dict(shop.run(FILES))
    with ThreadPoolExecutor(1) as thread, holding(shop, "reader", READ):
        thread.submit(get_engine(ALIAS).scrub, shop.name).result(timeout=30)
    after = dict(shop.run(FILES))
    written = {name for name in before if before[name] != after[name]}
    assert written == {"orders", "pg_statistic"}
