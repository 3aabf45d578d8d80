"""Seals while others write: what commits late breaks none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from stateset.system.models import AuditEntry, Seal
from stateset.system.sealing.flow import seal_log
from stateset.system.sealing.verify import verify_seals
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sealed_so_far() -> None:
    """Have what migrations wrote sealed already."""
    seal_log()


@contextmanager
def late_writer() -> Iterator[int]:
    """Have a transaction of its own hold a row of the audit log until the end."""
    written, may_end = threading.Event(), threading.Event()
    keys: list[int] = []

    def write() -> None:
        with transaction.atomic():
            keys.append(AuditEntry.objects.create(action="late").pk)
            written.set()
            may_end.wait(timeout=60)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert written.wait(timeout=60)
        yield keys[0]
    finally:
        may_end.set()
        thread.join(timeout=60)


@pytest.mark.postgresql
def test_a_row_that_commits_late_is_sealed_after_it_is_there() -> None:
    with late_writer() as late:
        after = AuditEntry.objects.create(action="early")
        assert after.pk > late

        sealed = seal_log(wait_seconds=0.1)

        assert sealed.put_off == ("audit_log",)
        assert sealed.summary.startswith("0 rows sealed; audit_log put off: ")
    assert seal_log().rows == 2
    assert list(verify_seals()) == []


@pytest.mark.postgresql
def test_sealing_waits_for_a_row_that_is_about_to_commit() -> None:
    release = threading.Event()

    def write() -> None:
        with transaction.atomic():
            AuditEntry.objects.create(action="late")
            begun.set()
            release.wait(timeout=60)

    def seal() -> int:
        begun.wait(timeout=60)
        AuditEntry.objects.create(action="early")
        timer = threading.Timer(0.2, release.set)
        timer.start()
        return seal_log(wait_seconds=60).rows

    begun = threading.Event()
    _, rows = at_once(write, seal)

    assert rows == 2
    assert list(verify_seals()) == []


def test_many_who_seal_at_once_seal_each_row_once() -> None:
    before = Seal.objects.count()
    for step in range(30):
        AuditEntry.objects.create(action=f"step{step}")

    results = at_once(*[seal_log] * 4)

    assert sum(result.rows for result in results) == 30
    assert Seal.objects.count() == before + 1
    assert list(verify_seals()) == []
