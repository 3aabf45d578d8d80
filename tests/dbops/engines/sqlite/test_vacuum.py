from __future__ import annotations

import re
from pathlib import Path

import pytest

from dbops.errors import DatabaseInUseError, DiskError
from dbops.maintenance.vacuum import vacuum_database, vacuum_full
from tests.dbops.limits import files_no_larger_than
from tests.dbops.sessions import locked
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import output, refusal

pytestmark = pytest.mark.sqlite


def test_the_file_gets_statistics_and_its_log_is_emptied(shop: Shop) -> None:
    shop.run("UPDATE orders SET note = 'new'")
    result = vacuum_database(alias=ALIAS)
    assert result.summary == "Vacuumed shop.db"
    assert shop.run("SELECT count(*) FROM sqlite_stat1") != [(0,)]
    log = Path(f"{shop.name}-wal")
    assert not log.exists() or log.stat().st_size == 0


def test_the_plan_says_what_the_file_needs(shop: Shop) -> None:
    lines = output("vacuum", "--plan", f"--database={ALIAS}").splitlines()
    assert lines[0].split() == ["table", "size", "why"]
    assert re.fullmatch(r"shop\.db +\d+\.\d KiB +no statistics", lines[1])
    vacuum_database(alias=ALIAS)
    lines = output("vacuum", "--plan", f"--database={ALIAS}").splitlines()
    assert lines[-1].endswith("0 of 1 in need of it")


def test_a_single_table_is_not_vacuumed_and_that_is_told(shop: Shop) -> None:
    assert vacuum_database(alias=ALIAS, tables=["orders"]).summary == (
        "Vacuumed shop.db; a single table cannot be vacuumed here, the whole file was"
    )


def test_full_makes_the_file_smaller(shop: Shop) -> None:
    shop.run("UPDATE orders SET note = hex(zeroblob(1000))")
    shop.run("DELETE FROM orders WHERE id > 10")
    before = Path(shop.name).stat().st_size
    output("vacuum", "--full", "--confirm=shop.db", f"--database={ALIAS}")
    assert Path(shop.name).stat().st_size < before / 3
    assert shop.count("orders") == 11


def test_the_file_is_not_waited_for(shop: Shop, impatient: None) -> None:
    with locked(shop):
        assert vacuum_database(alias=ALIAS).summary == (
            "Vacuumed 0 tables of shop.db; shop.db was skipped: it is locked"
        )
        with pytest.raises(SystemExit) as ended:
            output("vacuum", f"--database={ALIAS}")
        with pytest.raises(DatabaseInUseError) as caught:
            vacuum_full(alias=ALIAS, table="shop.db")
    assert ended.value.code == 1
    assert caught.value.why == f"others kept {shop.name} locked for 0.2 seconds"


def test_a_full_disk_leaves_the_file_as_it_was(shop: Shop) -> None:
    shop.run("UPDATE orders SET note = hex(zeroblob(1000))")
    shop.run("PRAGMA wal_checkpoint(TRUNCATE)")
    with files_no_larger_than(1000), pytest.raises(DiskError):
        vacuum_full(alias=ALIAS, table="shop.db")
    assert shop.run("PRAGMA integrity_check") == [("ok",)]
    assert shop.count("orders") == 300


def test_full_takes_no_table(shop: Shop) -> None:
    error = refusal("vacuum", "orders", "--full", database=ALIAS)
    assert error.returncode == 2
    assert str(error) == (
        "Nothing was vacuumed.\n"
        "  why: a single table cannot be written anew here, only the whole file\n"
        "  fix: leave the table out: vacuum --full"
    )
