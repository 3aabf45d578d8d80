from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from dbops.engines.verbs.activity.locks import PREPARED, LockPicture, LockWait
from dbops.monitoring.locks import LockTrees, lock_trees, read_lock_trees
from tests.dbops.monitoring.conftest import PLAIN
from tests.dbops.monitoring.holding import holding, session, waiting
from tests.dbops.shop import ALIAS, Shop


def make_picture(
    waits: Mapping[int, Sequence[int]], prepared: Mapping[str, str] | None = None
) -> LockPicture:
    return LockPicture(
        waits=[
            LockWait(pid, blockers, "transactionid", "", "ShareLock", 9.0)
            for pid, blockers in waits.items()
        ],
        sessions={},
        prepared=prepared or {},
    )


def shape(trees: LockTrees) -> list[tuple[int, int]]:
    return [(line.depth, line.pid) for line in trees.lines]


def test_a_chain_hangs_from_its_root() -> None:
    trees = lock_trees(make_picture({3: [2], 2: [1], 4: [1]}))
    assert shape(trees) == [(0, 1), (1, 2), (2, 3), (1, 4)]
    assert (trees.waiting, trees.root_pids) == (3, [1])


def test_who_waits_for_two_is_shown_once() -> None:
    trees = lock_trees(make_picture({3: [1, 2]}))
    assert shape(trees) == [(0, 1), (1, 3), (0, 2)]
    assert trees.root_pids == [1, 2]


def test_a_circle_is_shown_from_one_of_its_members() -> None:
    trees = lock_trees(make_picture({1: [2], 2: [1], 3: [1]}))
    assert shape(trees) == [(0, 1), (1, 2), (1, 3)]


def test_a_prepared_transaction_takes_a_statement_of_its_own() -> None:
    remedy = "ROLLBACK PREPARED 'sale'"
    trees = lock_trees(make_picture({3: [PREPARED]}, {"sale": remedy}))
    assert shape(trees) == [(0, 0), (1, 3)]
    assert (trees.root_pids, trees.remedies) == ([], [remedy])


@pytest.mark.postgresql
def test_a_wait_for_a_row_leads_to_who_wrote_it(shop: Shop) -> None:
    with (
        holding(shop, "holder") as holder,
        waiting(shop, "second") as second,
        waiting(shop, "third") as third,
        waiting(shop, "table", "ALTER TABLE orders ADD COLUMN x INTEGER") as table,
    ):
        trees = read_lock_trees(ALIAS)
    assert trees is not None
    assert shape(trees) == [(0, holder), (1, second), (2, third), (3, table)]
    assert trees.root_pids == [holder]
    root, second_line, third_line, table_line = trees.lines
    assert root.wait is None
    assert root.session is not None
    assert (root.session.app, root.session.state) == ("holder", "idle in transaction")
    assert [
        (line.wait.locktype, line.wait.relation, line.wait.mode)
        for line in (second_line, third_line, table_line)
        if line.wait
    ] == [
        ("transactionid", "orders", "ShareLock"),
        ("tuple", "orders", "ExclusiveLock"),
        ("relation", "orders", "AccessExclusiveLock"),
    ]


@pytest.mark.postgresql
def test_a_role_without_rights_sees_who_waits_for_whom(
    shop: Shop, plain_role: str
) -> None:
    with holding(shop, "holder") as holder, waiting(shop, "second") as second:
        trees = read_lock_trees(PLAIN)
    assert trees is not None
    assert shape(trees) == [(0, holder), (1, second)]
    assert trees.lines[0].session is not None
    assert trees.lines[0].session.query is None
    assert trees.hidden_remedy == f"GRANT pg_monitor TO {plain_role}"


@pytest.mark.postgresql
def test_without_waits_there_is_no_tree(shop: Shop) -> None:
    with holding(shop, "holder"), session(shop, "idler"):
        trees = read_lock_trees(ALIAS)
    assert trees == LockTrees(lines=[], waiting=0, root_pids=[])


@pytest.mark.sqlite
def test_sqlite_has_no_lock_table(shop: Shop) -> None:
    assert read_lock_trees(ALIAS) is None
