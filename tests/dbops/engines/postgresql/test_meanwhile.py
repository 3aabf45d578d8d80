"""What happens to the tables and to the line while they are dumped."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections

from dbops.backups.create import create_backup
from dbops.backups.restore import restore_backup
from dbops.engines.options import Options
from dbops.engines.postgresql import contents
from dbops.engines.postgresql.connect import session
from dbops.engines.postgresql.contents import contents_beside
from dbops.engines.registry import get_engine
from dbops.errors import ProgramFailedError
from tests.dbops.s3.servers import Wire, wire_to
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.postgresql

WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND locktype = 'relation'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def changing(shop: Shop, statement: str) -> Iterator[None]:
    """Have a statement under way that is committed as soon as the backup waits."""

    def commit_late() -> None:
        give_up_at = time.monotonic() + 30
        while shop.run(WAITING) == [(0,)] and time.monotonic() < give_up_at:
            time.sleep(0.02)
        other.execute("COMMIT")
        other.close()

    other = shop.connect()
    other.execute("BEGIN")
    other.execute(statement)
    with ThreadPoolExecutor(1) as pool:
        committed = pool.submit(commit_late)
        yield
        committed.result()


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("ALTER TABLE orders ALTER COLUMN id TYPE bigint", 300),
        ("TRUNCATE orders", 0),
        ("ALTER TABLE orders ADD COLUMN dice float DEFAULT random()", 300),
        ("DROP TABLE orders; CREATE TABLE orders AS SELECT 1 AS id", 1),
    ],
)
def test_a_table_that_changes_as_the_dump_begins_is_dumped_as_it_was_left(
    shop: Shop, statement: str, rows: int
) -> None:
    with changing(shop, statement):
        manifest = create_backup(alias=ALIAS, verify="none")
    assert manifest.contents.tables["orders"] == rows
    restore_backup(alias=ALIAS, into=shop.new_name())
    assert shop.count("orders", shop.new_name()) == rows


@contextmanager
def behind(shop: Shop) -> Iterator[Wire]:
    """Have the shop reached through a wire that can fall silent."""
    settings = connections[ALIAS].settings_dict
    with wire_to(f"tcp://{settings['HOST']}:{settings['PORT']}") as wire:
        settings |= {"HOST": wire.host, "PORT": wire.port}
        yield wire


def test_a_server_that_nothing_comes_from_any_more_does_not_hold_a_backup(
    shop: Shop,
) -> None:
    engine = get_engine(ALIAS)
    engine.options = Options(silence_seconds=1)
    with behind(shop) as wire:
        # The first one is our own, the second pg_dump's.
        wire.silent_from = 2
        with pytest.raises(ProgramFailedError) as caught:
            engine.dump(io.BytesIO())
    assert caught.value.what == "pg_dump was stopped."
    assert caught.value.why == "it did nothing for 1 seconds"


def test_a_count_that_nothing_comes_of_any_more_is_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "CANCEL_SECONDS", 0.2)
    died = ProgramFailedError("pg_dump did not do its work.")
    with behind(shop) as wire, session(connections[ALIAS]) as own:
        wire.fall_silent()
        with pytest.raises(ProgramFailedError) as caught, contents_beside(own):
            raise died
    assert caught.value is died
