"""kill -9 at each step of a restore: the live name stands for one whole database."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from dbops.backups.create import create_backup
from dbops.engines.registry import get_engine
from dbops.recovery.live import replace_live
from dbops.recovery.plans import plan_restore
from stateset.accounts.models import User
from stateset.lib.maintenance import current_maintenance
from stateset.system.models import AuditEntry
from tests.dbops.shop import Shop
from tests.faults.killing import AFTER, BEFORE, kill_at
from tests.stateset.builders import make_user

RECORDED = ("dbops.recovery.live:write_record", AFTER)
BACKED_UP = ("dbops.recovery.live:_safety_backup", AFTER)
QUARANTINED = ("dbops.recovery.live:_quarantine", AFTER)
EXCHANGED = ("dbops.recovery.live:require_answer", BEFORE)
BOTH = (RECORDED, BACKED_UP, QUARANTINED, EXCHANGED)
SQLITE = "dbops.engines.sqlite.swap"
POSTGRESQL = "dbops.engines.postgresql"
IN_SQLITE = (
    (f"{SQLITE}:_settle", AFTER),
    (f"{SQLITE}:copy_database", BEFORE),
    (f"{SQLITE}:copy_database", AFTER),
    (f"{SQLITE}:SqliteSwap._keep", AFTER),
)
RENAMED = (f"{POSTGRESQL}.swap:_renamed", AFTER)
IN_POSTGRESQL = (
    (f"{POSTGRESQL}.carry:Carried.apply", AFTER),
    (f"{POSTGRESQL}.carry:Carried.comment", BEFORE),
    RENAMED,
)
STEPS = [
    *(pytest.param(*step) for step in BOTH),
    *(pytest.param(*step, marks=pytest.mark.sqlite) for step in IN_SQLITE),
    *(pytest.param(*step, marks=pytest.mark.postgresql) for step in IN_POSTGRESQL),
]


# Begun anew without a word: before the swap, in it with the old rows kept, and after.
NEXT = [
    pytest.param(*QUARANTINED),
    pytest.param(*IN_SQLITE[-1], marks=pytest.mark.sqlite),
    pytest.param(*EXCHANGED),
]
# With nothing left, a draft, the old rows kept, a draft that is dressed, all done.
ABORTED = [
    *(pytest.param(*step) for step in (RECORDED, QUARANTINED, EXCHANGED)),
    pytest.param(*IN_SQLITE[-1], marks=pytest.mark.sqlite),
    pytest.param(*IN_POSTGRESQL[1], marks=pytest.mark.postgresql),
]


def killed(books: Shop, place: str, when: str) -> bool:
    """Kill a restore of one user over two; tell whether both had changed places.

    Either way the live name stands for one whole database, which is at work.
    """
    make_user()
    create_backup(verify="none")
    make_user()
    connections["default"].close()
    restore = ("restore", "--latest", "--confirm", get_engine().short_name)
    kill_at(place, books, *restore, when=when)
    is_exchanged = (place, when) in (EXCHANGED, RENAMED)
    assert User.objects.count() == (1 if is_exchanged else 2)
    assert current_maintenance() is None
    connections["default"].close()
    return is_exchanged


def journal() -> list[tuple[str, str]]:
    """Return what the live database's audit has of restores: what came of each."""
    entries = AuditEntry.objects.filter(resource_type="restore").order_by("id")
    return [(entry.action, entry.outcome) for entry in entries]


def copies() -> list[str]:
    return [copy.name for copy in get_engine().kept_copies()]


@pytest.mark.parametrize(("place", "when"), NEXT)
def test_the_next_restore_works(books: Shop, place: str, when: str) -> None:
    killed(books, place, when)
    make_user()
    connections["default"].close()
    # The newest backup now is the one made before the killed restore: not that one.
    replaced = replace_live(plan_restore())
    assert User.objects.count() == 1
    left = set(books.databases()) - {books.name, replaced.plan.kept_as}
    # Killed after the old rows were kept: a copy too many, and no draft.
    assert {copy.name for copy in replaced.older_copies} == left
    outcomes = {
        entry.outcome: entry.changes.get("why")
        for entry in AuditEntry.objects.filter(resource_type="restore")
    }
    assert outcomes == {"error": "its process was killed", "success": None}
    create_backup(verify="none")


@pytest.mark.parametrize(("place", "when"), STEPS)
def test_resumed_it_comes_to_its_end(books: Shop, place: str, when: str) -> None:
    is_exchanged = killed(books, place, when)
    run("--resume", "--confirm", get_engine().short_name, "--reason", "go on")
    assert User.objects.count() == 1
    (kept,) = copies()
    assert set(books.databases()) == {books.name, kept}
    expected = [("backup.restore", "success")]
    if not is_exchanged:
        expected = [("backup.restore", "error"), *expected]
    assert journal() == expected
    last = AuditEntry.objects.filter(resource_type="restore").latest("id").changes
    assert last["kept_copy"] == kept
    assert last["quarantine"]["users made since"].startswith("1 gone: ")
    assert current_maintenance() is None
    assert "Nothing to resume" in run("--resume")
    create_backup(verify="none")


@pytest.mark.parametrize(("place", "when"), ABORTED)
def test_aborted_all_is_as_it_was(books: Shop, place: str, when: str) -> None:
    is_exchanged = killed(books, place, when)
    run("--abort", "--confirm", get_engine().short_name, "--reason", "not now")
    assert User.objects.count() == 2
    assert current_maintenance() is None
    assert "Nothing to abort" in run("--abort")
    if is_exchanged:
        # What was restored is kept in turn, as after any way back.
        assert journal() == [
            ("backup.restore", "error"),
            ("backup.rollback", "success"),
        ]
        assert set(books.databases()) == {books.name, *copies()}
    else:
        assert journal() == [("backup.restore", "error")]
        assert books.databases() == [books.name]
    create_backup(verify="none")


def run(*arguments: str) -> str:
    stream = StringIO()
    call_command("restore", *arguments, stdout=stream, stderr=stream)
    connections["default"].close()
    return stream.getvalue()
