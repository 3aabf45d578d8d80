from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from stateset.accounts.errors import AccountsError, ApiKeyRefusedError
from stateset.accounts.models import ApiKey
from stateset.accounts.services import (
    authenticate_api_key,
    deactivate_user,
    issue_api_key,
    revoke_api_key,
)
from stateset.system.models import AuditEntry
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

REFUSED = (
    "The API key was refused.\n"
    "  why: it is unknown, expired, revoked or too narrow\n"
    "  fix: have a new key issued under Accounts, API keys"
)


def make_key(**overrides):
    fields = {"user": make_user(), "name": "probe", "scopes": ["metrics:read"]}
    return issue_api_key(**{**fields, **overrides})


def test_a_key_opens_its_scope_and_notes_its_use():
    key, secret = make_key()

    found = authenticate_api_key(secret, scope="metrics:read")

    found.refresh_from_db()
    assert found == key
    assert found.last_used_at is not None


def test_only_the_hash_of_a_key_is_kept_anywhere():
    _, secret = make_key()

    row = ApiKey.objects.values().get()
    entry = AuditEntry.objects.get(resource_type="api_keys")
    assert secret not in str(row)
    assert secret not in str(entry.changes)
    assert row["key_hash"] not in str(entry.changes)


def revoke(key: ApiKey) -> None:
    revoke_api_key(key, reason="lost")


def expire(key: ApiKey) -> None:
    ApiKey.objects.update(
        created_at=timezone.now() - timedelta(days=2),
        expires_at=timezone.now() - timedelta(days=1),
    )


def lock_owner(key: ApiKey) -> None:
    deactivate_user(key.user, reason="left")


@pytest.mark.parametrize("end", [revoke, expire, lock_owner])
def test_a_dead_key_opens_nothing(end):
    key, secret = make_key()
    end(key)

    with pytest.raises(ApiKeyRefusedError) as refusal:
        authenticate_api_key(secret, scope="metrics:read")
    assert str(refusal.value) == REFUSED


@pytest.mark.parametrize("scope", ["orders:read", "metrics:write", ""])
def test_a_key_opens_nothing_outside_its_scopes(scope):
    _, secret = make_key()

    with pytest.raises(ApiKeyRefusedError):
        authenticate_api_key(secret, scope=scope)


def test_an_unknown_key_is_refused_in_the_same_words():
    with pytest.raises(ApiKeyRefusedError) as refusal:
        authenticate_api_key("sk_guess", scope="metrics:read")
    assert str(refusal.value) == REFUSED


def test_a_key_without_scopes_is_not_issued():
    with pytest.raises(AccountsError, match="would open nothing"):
        make_key(scopes=[])
    assert not ApiKey.objects.exists()


def test_revoking_twice_keeps_the_first_reason():
    key, _ = make_key()

    revoke_api_key(key, reason="lost")
    revoke_api_key(key, reason="again")

    assert key.revoke_reason == "lost"
