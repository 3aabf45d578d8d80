from __future__ import annotations

import pytest

from dbops.engines.verbs.space.names import TableName, find_table
from dbops.errors import TableNotFoundError

OURS = TableName("", "orders", "orders")
OLD = TableName("old", "orders", "old.orders")
DOTTED = TableName("", "old.orders", '"old.orders"')
ODD = TableName("My %", 'a"b', '"My %"."a""b"')


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("orders", OURS),
        ("old.orders", OLD),
        ('"old.orders"', DOTTED),
        ('"My %"."a""b"', ODD),
        ('My %.a"b', ODD),
        ('a"b', ODD),
    ],
)
def test_a_table_is_found_by_any_of_its_names(given: str, found: TableName) -> None:
    assert find_table([DOTTED, OLD, OURS, ODD], given) == found


def test_another_name_finds_nothing() -> None:
    with pytest.raises(TableNotFoundError, match="There is no table 'Orders'"):
        find_table([OURS], "Orders")
