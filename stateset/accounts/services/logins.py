"""Logging in, as the audit trail tells it."""

from __future__ import annotations

from django.utils import timezone

from stateset.accounts.models import User
from stateset.lib.journal import acting, business_transaction


def note_login(*, user: User) -> User:
    """Write when ``user`` logged in, in the name of ``user``."""
    who = {"actor_id": str(user.pk), "actor_label": user.get_username()}
    with acting(**who), business_transaction(reason="login"):
        user.last_login = timezone.now()
        user.save(update_fields=["last_login"])
    return user
