from __future__ import annotations

from dataclasses import replace

import pytest

from dbops.backups.catalogue import COMPLETE, list_entries
from dbops.backups.create import create_backup
from dbops.backups.measuring import Measure
from dbops.backups.storage import backup_storage
from dbops.backups.surprise import surprises
from tests.dbops.builders import make_contents, make_manifest
from tests.dbops.shop import ALIAS, Shop


def test_a_table_that_is_empty_or_gone_is_told_and_the_copy_is_good(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    assert create_backup(alias=ALIAS, verify="none").warnings == ()
    shop.run("DELETE FROM orders")
    emptied = create_backup(alias=ALIAS, verify="none")
    told = "the table orders is empty; the last backup had 300 rows of it"
    assert told in emptied.warnings
    assert told in caplog.messages
    shop.run("DROP TABLE orders")
    dropped = create_backup(alias=ALIAS, verify="none")
    assert "the table orders is gone; the last backup had 0 rows of it" in (
        dropped.warnings
    )
    states = {entry.state for entry in list_entries(backup_storage())}
    assert states == {COMPLETE}


def test_a_dump_of_less_than_half_the_usual_size_is_told() -> None:
    earlier = [
        make_manifest(plain=Measure("", size)) for size in (10, 5000, 4000, 4096, 9000)
    ]
    now = earlier[0].contents
    assert list(surprises(now, 2048, earlier)) == []
    assert list(surprises(now, 2047, earlier)) == [
        "the dump has 2.0 KiB; usual of late are 4.0 KiB"
    ]
    assert list(surprises(now, 1, [])) == []
    few = [replace(earlier[0], contents=make_contents(tables={"drafts": 99}))]
    assert list(surprises(make_contents(tables={"drafts": 0}), 10, few)) == []
