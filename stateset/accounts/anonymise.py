"""What is personal in users; what logs them in does not go into a copy."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session

from stateset.accounts.models import ApiKey, PasswordResetToken, RefreshToken, User
from stateset.lib.anonymise import emptied, table
from stateset.lib.anonymise_rules import EMAIL, PASSWORD, PERSON

TABLES = (
    emptied(ApiKey),
    emptied(PasswordResetToken),
    emptied(RefreshToken),
    emptied(Session),
    # It names rows in words; the audit log has what matters of it.
    emptied(LogEntry),
    table(User, email=EMAIL, name=PERSON, password=PASSWORD),
    table(Group, "name"),
    table(Permission, "name", "codename"),
    table(ContentType, "app_label", "model"),
)
