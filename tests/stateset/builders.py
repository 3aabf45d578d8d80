"""Rows of accounts and system for tests, with sensible values."""

from __future__ import annotations

from typing import Any

from stateset.accounts.models import User
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
