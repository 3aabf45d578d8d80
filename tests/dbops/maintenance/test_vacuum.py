from __future__ import annotations

from contextvars import Context

import pytest

from dbops.engines.registry import get_engine
from dbops.engines.verbs.care import Vacuumed
from dbops.leases import leased
from dbops.maintenance.vacuum import VacuumResult, vacuum_database
from stateset.lib.journal import Entry
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import refusal


def test_a_run_under_way_is_not_disturbed(shop: Shop) -> None:
    def run() -> str:
        error = refusal("vacuum", database=ALIAS)
        assert error.returncode == 75
        return str(error)

    with leased(get_engine(ALIAS), "backup"):
        assert "backup" in Context().run(run)


def test_it_is_journaled(shop: Shop, entries: list[Entry]) -> None:
    vacuum_database(alias=ALIAS)
    (entry,) = entries
    assert (entry.action, entry.resource_type) == ("database.vacuum", "database")
    assert entry.resource_id == ALIAS


def test_the_line_of_a_log_names_only_a_few_that_were_skipped() -> None:
    why = 'skipping "a" --- only table or database owner can vacuum it'
    skipped = tuple(Vacuumed(table, 0, why) for table in "abcde")
    assert VacuumResult("shop", (Vacuumed("orders", 1), *skipped)).summary == (
        "Vacuumed orders of shop;"
        ' a was skipped: skipping "a" --- only table or database owner …;'
        ' b was skipped: skipping "a" --- only table or database owner …;'
        ' c was skipped: skipping "a" --- only table or database owner …;'
        " and 2 more"
    )


@pytest.mark.parametrize(
    ("reasons", "is_all_skipped"),
    [([], False), (["", "it is locked"], False), (["it is locked"], True)],
)
def test_nothing_vacuumed_is_no_success(
    reasons: list[str], *, is_all_skipped: bool
) -> None:
    tables = tuple(Vacuumed("orders", 0, why) for why in reasons)
    assert VacuumResult("shop", tables).is_all_skipped is is_all_skipped
