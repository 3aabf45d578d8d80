"""Tokens: read here; revoked by ending a login or deactivating a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from stateset.accounts.models import PasswordResetToken, RefreshToken
from stateset.accounts.services import revoke_family
from stateset.lib.admin import (
    DateRangeFilter,
    GuidedAction,
    ReadOnlyAdmin,
    RelatedFilter,
    named,
    since,
)

Data = Mapping[str, Any]


def _end_login(row: RefreshToken, request: HttpRequest, data: Data) -> str:
    revoke_family(row.family_id, reason="admin")
    return f"The login of {row.user} is ended."


@admin.register(RefreshToken)
class RefreshTokenAdmin(ReadOnlyAdmin):
    """Logins of programs, one row a link of the chain."""

    list_display = (
        "__str__",
        named("user"),
        since("created_at", label="issued"),
        since("used_at", label="used"),
        since("revoked_at", label="revoked"),
        "revoke_reason",
        since("expires_at", label="expires"),
    )
    list_filter = (("user", RelatedFilter), ("expires_at", DateRangeFilter))
    search_through = ("user__email__exact",)
    list_select_related = ("user",)
    ordering = ("-id",)
    exclude = ("token_hash",)
    guided_actions = (
        GuidedAction(
            "end",
            "End this login",
            _end_login,
            explain="Every token of this login stops working.",
            refusal=lambda row: "it is revoked already" if row.revoked_at else "",
            permission="accounts.change_refreshtoken",
            is_dangerous=True,
        ),
    )


@admin.register(PasswordResetToken)
class PasswordResetTokenAdmin(ReadOnlyAdmin):
    """Links that let somebody set a new password; only their hash is kept."""

    list_display = (
        "__str__",
        named("user"),
        since("created_at", label="asked for"),
        since("used_at", label="used"),
        since("invalidated_at", label="replaced"),
        since("expires_at", label="expires"),
    )
    list_filter = (("user", RelatedFilter), ("expires_at", DateRangeFilter))
    search_through = ("user__email__exact",)
    list_select_related = ("user",)
    ordering = ("-id",)
    exclude = ("token_hash",)
