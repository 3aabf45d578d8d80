"""Rows of accounts and system for tests, with sensible values."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from stateset.accounts.models import User
from stateset.system.models import IntegrityRun
from tests.serials import next_number


def make_user(**overrides: Any) -> User:
    """Return a saved user of no group."""
    number = next_number()
    fields: dict[str, Any] = {
        "email": f"person{number}@example.com",
        "password": None,
        "name": f"Person {number}",
        "is_staff": True,
    }
    return User.objects.create_user(**{**fields, **overrides})


def make_integrity_run(findings: list[Any]) -> IntegrityRun:
    """Return a saved proof of the books that found something."""
    now = timezone.now()
    return IntegrityRun.objects.create(
        started_at=now,
        finished_at=now,
        rules=1,
        broken_rules=1,
        broken_rows=len(findings),
        findings=findings,
    )
