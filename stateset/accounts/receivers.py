"""What the accounts app listens to: logins."""

from __future__ import annotations

from typing import Any

from stateset.accounts.models import User
from stateset.accounts.services import note_login


def on_logged_in(user: User, **_: Any) -> None:
    """Write the login where Django's own receiver would do it in nobody's name."""
    note_login(user=user)
