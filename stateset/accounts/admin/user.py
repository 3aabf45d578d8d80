"""Users: who may log in, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from stateset.accounts.forms import PasswordForm
from stateset.accounts.models import User
from stateset.accounts.services import (
    activate_user,
    deactivate_user,
    request_password_reset,
)
from stateset.lib.admin import (
    BooleanFilter,
    DateRangeFilter,
    GuidedAction,
    ReasonForm,
    RelatedFilter,
    StatesetAdmin,
    since,
    yes_no,
)
from stateset.lib.admin.theme import (
    UserChangeForm,
    UserCreationForm,
)

Data = Mapping[str, Any]

SEEN = since("last_login", label="last log-in")
MADE = since("created_at", label="made")
ACTIVE = yes_no("is_active", label="active")
RIGHTS = ("groups", "user_permissions")
GIVE_RIGHTS = "accounts.give_rights"


def _deactivate(row: User, request: HttpRequest, data: Data) -> str:
    deactivate_user(row, reason=data["reason"])
    return f"{row} can't log in any more; keys and tokens are revoked."


def _activate(row: User, request: HttpRequest, data: Data) -> str:
    activate_user(row, reason=data["reason"])
    return f"{row} may log in again."


def _make_link(row: User, request: HttpRequest, data: Data) -> str:
    path = reverse("reset-password", args=[request_password_reset(row)])
    return format_html(
        "Give this link to {}; it works once, for an hour: {}",
        row,
        request.build_absolute_uri(path),
    )


def _refuse_inactive(row: User) -> str:
    return "" if row.is_active else "the user is deactivated"


@admin.register(User)
class UserAdmin(StatesetAdmin, DjangoUserAdmin):
    """People are deactivated here, never deleted: documents name them."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = PasswordForm
    list_display = ("email", "name", ACTIVE, yes_no("is_staff"), SEEN, MADE)
    list_filter = (
        ("is_active", BooleanFilter),
        ("is_staff", BooleanFilter),
        ("groups", RelatedFilter),
        ("last_login", DateRangeFilter),
    )
    search_fields = ("email__startswith", "name")
    ordering = ("email",)
    filter_horizontal = ()
    header_columns = (ACTIVE, SEEN)
    add_fieldsets = (
        (None, {"fields": ("email", "name", "is_staff", "password1", "password2")}),
    )
    add_form_template = None
    guided_actions = (
        GuidedAction(
            "deactivate",
            "Deactivate",
            _deactivate,
            explain="No password, token or key of this user works from then on.",
            form=ReasonForm,
            refusal=_refuse_inactive,
            is_dangerous=True,
        ),
        GuidedAction(
            "activate",
            "Activate",
            _activate,
            explain="Revoked keys and tokens stay revoked.",
            form=ReasonForm,
            refusal=lambda row: "the user is active" if row.is_active else "",
        ),
        GuidedAction(
            "reset",
            "Make a password link",
            _make_link,
            explain="Whoever has the link can set the password. It works once.",
            refusal=_refuse_inactive,
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse the superusers to others: who sets a password can log in with it."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        return (
            (None, {"fields": (("email", "name"), "password")}),
            (
                "What this user may do",
                {"fields": (("is_staff", "is_superuser"), *RIGHTS)},
            ),
            ("Life", {"fields": ((SEEN, MADE),)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ("is_active", "last_login", SEEN, MADE)
        if request.user.is_superuser:
            return shown
        # Nobody gives away more than they hold; who may give any right holds them all.
        if request.user.has_perm(GIVE_RIGHTS):
            return (*shown, "is_superuser")
        return (*shown, "is_superuser", *RIGHTS)
