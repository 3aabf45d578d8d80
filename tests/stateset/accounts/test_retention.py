from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from dbops.maintenance.purge import purge_records
from stateset.accounts.models import PasswordResetToken, RefreshToken
from stateset.accounts.services import (
    issue_refresh_token,
    request_password_reset,
    rotate_refresh_token,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_a_login_that_goes_on_outlives_its_first_tokens():
    user = make_user()
    first, secret = issue_refresh_token(user)
    second, secret = rotate_refresh_token(secret)
    long_ago = timezone.now() - timedelta(days=60)
    RefreshToken.objects.filter(pk=first.pk).update(
        created_at=long_ago, expires_at=long_ago + timedelta(days=7)
    )
    assert deleted("accounts.refresh_tokens") == 1
    assert RefreshToken.objects.get() == second
    third, _ = rotate_refresh_token(secret)
    assert third.family_id == first.family_id


def test_a_password_link_goes_a_month_after_it_expired():
    request_password_reset(make_user())
    assert deleted("accounts.password_resets", days=30) == 0
    assert deleted("accounts.password_resets", days=31) == 1
    assert not PasswordResetToken.objects.exists()


def test_an_expired_session_goes_at_once():
    for age in (60, -60):
        session = SessionStore()
        session.set_expiry(age)
        session.create()
    assert deleted("accounts.sessions") == 1
    assert Session.objects.get().expire_date > timezone.now()


def deleted(rule, *, days=0):
    at = timezone.now() + timedelta(days=days)
    (part,) = purge_records(rules=[rule], at=at).parts
    return part.deleted
