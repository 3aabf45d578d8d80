"""kill -9 in a drill: what is left is removed by the next one."""

from __future__ import annotations

from django.db import connections

from dbops.backups.create import create_backup
from dbops.recovery.drill import recovery_drill
from dbops.recovery.drill_reports import PASSED
from tests.dbops.shop import Shop
from tests.faults.killing import kill_at


def test_what_a_killed_drill_leaves_goes_with_the_next(books: Shop) -> None:
    create_backup(verify="none")
    connections["default"].close()
    before = books.databases()
    kill_at("dbops.backups.proving:_looks", books, "recovery_drill")
    assert set(books.databases()) > set(before)
    report = recovery_drill()
    assert report.state == PASSED, report.why
    assert books.databases() == before
