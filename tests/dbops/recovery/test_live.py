from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from dbops.backups.create import create_backup
from dbops.recovery.live import Replaced, replace_live
from dbops.recovery.plans import plan_restore, plan_rollback
from finance.models import Invoice
from stateset.accounts.errors import ApiKeyRefusedError
from stateset.accounts.services import (
    authenticate_api_key,
    issue_api_key,
    revoke_api_key,
)
from stateset.system.models import AuditEntry, OutboxMessage
from tests.dbops.shop import Shop
from tests.finance.builders import make_invoice
from tests.stateset.builders import make_user


def restore(reason: str = "") -> Replaced:
    return replace_live(plan_restore(), reason=reason)


def test_what_was_revoked_numbered_or_sent_since_the_backup_stays_so(
    books: Shop,
) -> None:
    key, secret = issue_api_key(user=make_user(), name="till", scopes=["metrics:read"])
    first = make_invoice()
    manifest = create_backup(verify="none")
    revoke_api_key(key, reason="lost")
    second = make_invoice()
    replaced = restore("a wrong price list")
    assert [row.number for row in Invoice.objects.all()] == [first.number]
    with pytest.raises(ApiKeyRefusedError):
        authenticate_api_key(secret, scope="metrics:read")
    assert make_invoice().number > second.number
    OPEN = {"pending", "processing", "failed"}
    print(replaced)
    print(AuditEntry.objects.filter(resource_type="restore").values())
