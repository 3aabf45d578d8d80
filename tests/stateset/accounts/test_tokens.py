from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from stateset.accounts.errors import (
    AccountsError,
    ReusedTokenError,
    TokenRefusedError,
)
from stateset.accounts.models import PasswordResetToken, RefreshToken
from stateset.accounts.services import (
    deactivate_user,
    issue_refresh_token,
    request_password_reset,
    reset_password,
    rotate_refresh_token,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

STRONG = "correct horse battery staple"


def test_a_refresh_token_is_exchanged_for_its_successor():
    token, secret = issue_refresh_token(make_user())

    successor, _ = rotate_refresh_token(secret)

    token.refresh_from_db()
    assert token.used_at is not None
    assert successor.parent == token
    assert successor.family_id == token.family_id


def test_a_spent_token_that_comes_back_ends_its_family():
    _, secret = issue_refresh_token(make_user())
    _, next_secret = rotate_refresh_token(secret)

    with pytest.raises(ReusedTokenError, match="used a second time"):
        rotate_refresh_token(secret)

    assert not RefreshToken.objects.filter(revoked_at__isnull=True).exists()
    with pytest.raises(TokenRefusedError, match="expired or revoked"):
        rotate_refresh_token(next_secret)


def test_another_login_survives_a_stolen_one():
    user = make_user()
    _, stolen = issue_refresh_token(user)
    _, other = issue_refresh_token(user)
    rotate_refresh_token(stolen)
    with pytest.raises(ReusedTokenError):
        rotate_refresh_token(stolen)

    rotate_refresh_token(other)


def test_a_deactivated_user_keeps_no_login():
    user = make_user()
    _, secret = issue_refresh_token(user)
    deactivate_user(user, reason="left the company")

    with pytest.raises(TokenRefusedError):
        rotate_refresh_token(secret)


def test_a_reset_link_sets_the_password_once_and_ends_logins():
    user = make_user()
    _, login = issue_refresh_token(user)
    secret = request_password_reset(user)

    reset_password(secret, STRONG)

    user.refresh_from_db()
    assert user.check_password(STRONG)
    with pytest.raises(TokenRefusedError):
        rotate_refresh_token(login)
    with pytest.raises(TokenRefusedError, match="unknown, expired or used"):
        reset_password(secret, STRONG)


def test_a_new_reset_link_replaces_the_one_before():
    user = make_user()
    first = request_password_reset(user)
    request_password_reset(user)

    with pytest.raises(TokenRefusedError):
        reset_password(first, STRONG)
    assert PasswordResetToken.objects.open().count() == 1


def test_an_expired_reset_link_changes_nothing():
    user = make_user(password=STRONG)
    secret = request_password_reset(user)
    hour_ago = timezone.now() - timedelta(hours=1)
    PasswordResetToken.objects.update(
        created_at=hour_ago - timedelta(hours=1), expires_at=hour_ago
    )

    with pytest.raises(TokenRefusedError):
        reset_password(secret, "another long password")
    user.refresh_from_db()
    assert user.check_password(STRONG)


def test_a_weak_password_is_refused_and_the_link_stays_good():
    user = make_user()
    secret = request_password_reset(user)

    with pytest.raises(AccountsError, match="was not changed"):
        reset_password(secret, "password")
    reset_password(secret, STRONG)
