"""API keys: issued here, shown once, revoked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html

from stateset.accounts.models import ApiKey
from stateset.accounts.services import issue_api_key, revoke_api_key
from stateset.lib.admin import (
    DateRangeFilter,
    GuidedAction,
    Preset,
    ReasonForm,
    RelatedFilter,
    StatesetAdmin,
    named,
    since,
)
from stateset.lib.admin.adding import become

Data = Mapping[str, Any]

OWNER = named("user")
TIMES = (
    since("created_at", label="issued"),
    since("last_used_at", label="last used"),
    since("revoked_at", label="revoked"),
)


class IssueForm(forms.ModelForm):
    scopes = forms.CharField(
        help_text="What the key opens, separated by spaces, such as metrics:read."
    )

    class Meta:
        model = ApiKey
        fields = ("user", "name", "scopes", "expires_at")

    def clean_scopes(self) -> list[str]:
        return str(self.cleaned_data["scopes"]).split()


def _revoke(row: ApiKey, request: HttpRequest, data: Data) -> str:
    revoke_api_key(row, reason=data["reason"])
    return f"Key {row} opens nothing any more."


@admin.register(ApiKey)
class ApiKeyAdmin(StatesetAdmin):
    """Only the hash of a key is kept; whoever loses one has another issued."""

    list_display = ("name", "prefix", "key_hint", OWNER, *TIMES[:2], "expires_at")
    list_filter = (("user", RelatedFilter), ("expires_at", DateRangeFilter))
    search_fields = ("name", "key_hint__exact")
    search_through = ("user__email__exact",)
    list_select_related = ("user",)
    presets = (
        Preset("live", "Live", lambda rows: rows.filter(revoked_at__isnull=True)),
    )
    ordering = ("-created_at",)
    guided_actions = (
        GuidedAction(
            "revoke",
            "Revoke",
            _revoke,
            explain="Programs that use it are refused at once.",
            form=ReasonForm,
            refusal=lambda row: "it is revoked already" if row.revoked_at else "",
            is_dangerous=True,
        ),
    )

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's own
        **kwargs: Any,
    ) -> type[Any]:
        if obj is None:
            kwargs["form"] = IssueForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("user", "name", "scopes", "expires_at")}),)
        return (
            (None, {"fields": (("name", OWNER), ("prefix", "key_hint"), "scopes")}),
            ("Life", {"fields": (TIMES, "expires_at", "revoke_reason")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        fixed = ("prefix", "key_hint", "scopes", "expires_at", "revoke_reason")
        return (OWNER, *fixed, *TIMES)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Issue a new key, and show its secret this one time."""
        if change:
            super().save_model(request, obj, form, change)
            return
        typed = form.cleaned_data
        key, secret = issue_api_key(
            user=typed["user"],
            name=typed["name"],
            scopes=typed["scopes"],
            expires_at=typed["expires_at"],
        )
        become(obj, key)
        messages.warning(
            request,
            format_html("Copy the key now, it is not shown again: {}", secret),
        )
