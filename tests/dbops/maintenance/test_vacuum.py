from __future__ import annotations

from contextvars import Context

from dbops.engines.registry import get_engine
from dbops.leases import leased
from dbops.maintenance.vacuum import vacuum_database
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
