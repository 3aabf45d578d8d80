"""How long tokens and sessions are kept that open nothing any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from stateset.accounts import conf
from stateset.accounts.models import PasswordResetToken, RefreshToken
from stateset.lib.retention import Rows, Rule


def rules() -> tuple[Rule, ...]:
    """Return the rules of tokens, counted from when they expired, and of sessions."""
    keep = conf.keep_tokens()
    return (
        Rule(
            "accounts.refresh_tokens",
            keep,
            _refresh_tokens,
            release=_release_successors,
        ),
        Rule(
            "accounts.password_resets",
            keep,
            _password_reset_tokens,
        ),
        Rule("accounts.sessions", timedelta(), _sessions),
    )


def _refresh_tokens(before: datetime) -> Rows:
    return RefreshToken.objects.filter(expires_at__lt=before)


def _release_successors(batch: Rows) -> None:
    """Keep a login that goes on: deleting a token would take its successor along."""
    RefreshToken.objects.using(batch.db).filter(parent__in=batch).update(parent=None)


def _password_reset_tokens(before: datetime) -> Rows:
    return PasswordResetToken.objects.filter(expires_at__lt=before)


def _sessions(before: datetime) -> Rows:
    return Session.objects.filter(expire_date__lt=before)
