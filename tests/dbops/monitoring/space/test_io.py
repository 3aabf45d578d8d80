from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dbops.engines.postgresql.space.traffic import streams_query
from dbops.engines.verbs.space.traffic import Traffic
from dbops.monitoring.io import between, hit_percent, measure_traffic
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_commands import DATED, output, refusal

NOW = datetime(2026, 11, 28, 2, tzinfo=UTC)
BEFORE = Traffic(
    at=NOW,
    since=None,
    database={"hits": 100, "reads": 50},
    tables={"orders": {"hits": 10, "reads": 5}},
    indexes={},
    streams={("client backend", "relation", "normal"): {"reads": 4}},
)


def test_between_two_looks_is_what_was_added() -> None:
    after = replace(
        BEFORE,
        at=NOW + timedelta(seconds=5),
        database={"hits": 130, "reads": 60},
        tables={"orders": {"hits": 12, "reads": 5}, "new": {"hits": 1, "reads": 2}},
        streams={("client backend", "relation", "normal"): {"reads": 9}},
    )
    flow = between(BEFORE, after)
    assert flow.seconds == 5
    assert flow.database == {"hits": 30, "reads": 10}
    assert flow.tables == {
        "orders": {"hits": 2, "reads": 0},
        "new": {"hits": 1, "reads": 2},
    }
    assert flow.streams == {("client backend", "relation", "normal"): {"reads": 5}}


def test_counters_that_began_anew_are_never_negative() -> None:
    after = replace(BEFORE, database={"hits": 130, "reads": 7})
    assert between(BEFORE, after).database == {"hits": 130, "reads": 7}


def test_no_block_is_no_ratio() -> None:
    assert hit_percent({"hits": 0, "reads": 0}) is None
    assert hit_percent({"hits": 995, "reads": 5}) == 99.5
    assert hit_percent({"hits": 99999, "reads": 1}) == 99.9


def test_each_version_is_asked_for_the_columns_it_has() -> None:
    assert streams_query(150018) is None
    assert "reads * op_bytes" in (streams_query(160000) or "")
    assert "writes * op_bytes" in (streams_query(170006) or "")
    since_18 = streams_query(180000) or ""
    assert "op_bytes" not in since_18
    assert "write_bytes" in since_18


@pytest.mark.postgresql
def test_tables_and_their_indexes_are_counted(shop: Shop) -> None:
    shop.run("SELECT pg_stat_reset()")
    shop.run("SELECT count(*) FROM orders")
    shop.run("SELECT note FROM orders WHERE id = 7")
    shop.run("SELECT pg_stat_force_next_flush()")
    flow = measure_traffic(alias=ALIAS)
    assert flow is not None
    assert flow.since is not None
    assert sum(flow.tables["orders"].values()) > 0
    assert sum(flow.indexes["orders_pkey"].values()) > 0
    assert flow.database["temp_files"] == 0


@pytest.mark.postgresql
def test_the_command_says_of_which_time_it_speaks(shop: Shop) -> None:
    shop.run("SELECT count(*) FROM orders")
    lines = output("db_io", database=ALIAS).splitlines()
    assert lines[0].split() == ["table", "hits", "reads", "hit_percent"]
    assert "indexes" in lines
    assert re.fullmatch(
        DATED + r"[\d.]+ % hits, \d+ blocks read, 0 temporary files of 0 B; in all,"
        r" since the counters began",
        lines[-1],
    ), lines[-1]
    assert max(map(len, lines[:-1])) <= 80


@pytest.mark.postgresql
def test_over_a_time_only_what_happens_in_it_counts(shop: Shop) -> None:
    values = json.loads(output("db_io", "--json", "--over=1s", f"--database={ALIAS}"))
    assert 1 <= values["seconds"] < 5
    assert values["summary"].endswith("; over 1 seconds")


@pytest.mark.postgresql
def test_streams_are_there_from_16_on(shop: Shop) -> None:
    (number,) = shop.run("SHOW server_version_num")[0]
    flow = measure_traffic(alias=ALIAS)
    assert flow is not None
    if int(number) < 160000:
        assert flow.streams is None
    else:
        assert flow.streams
        assert all(
            count >= 0 for each in flow.streams.values() for count in each.values()
        )


@pytest.mark.sqlite
def test_sqlite_counts_nothing_and_says_so(shop: Shop) -> None:
    assert measure_traffic(alias=ALIAS) is None
    text = output("db_io", database=ALIAS)
    assert text.rstrip().endswith(
        " Not on SQLite: it does not count what it reads and writes; db_sizes and"
        " db_bloat show what there is to read"
    )


def test_a_time_is_written_as_everywhere(shop: Shop) -> None:
    error = refusal("db_io", "--over=5", f"--database={ALIAS}")
    assert str(error) == (
        "Error: argument --over: '5' is no time span, as 30s, 5m, 4h or 7d"
    )
