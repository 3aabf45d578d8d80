"""Warranties and claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from returns.models import Warranty, WarrantyClaim
from returns.services import (
    decide_claim,
    resolve_claim,
    submit_claim,
    void_warranty,
    withdraw_claim,
)
from stateset.lib.admin import (
    ActionForm,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    Preset,
    ReadOnlyInline,
    ReasonForm,
    RelatedFilter,
    leads_to,
    link_to,
    named,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.system.services import next_number

Data = Mapping[str, Any]

STATUS = status_pill()
CUSTOMER = named("customer", "display_name")
VARIANT = named("variant")
WARRANTY = link_to("warranty")


class ResolveForm(ActionForm):
    resolution_type = forms.ChoiceField(
        label="How", choices=[c for c in WarrantyClaim.Resolution.choices if c[0]]
    )
    resolution = forms.CharField(
        label="What was done", widget=forms.Textarea(attrs={"rows": 3})
    )


def _void(row: Warranty, request: HttpRequest, data: Data) -> str:
    void_warranty(row, reason=data["reason"])
    return f"Warranty {row} is void."


def _approve(row: WarrantyClaim, request: HttpRequest, data: Data) -> str:
    decide_claim(row, approve=True)
    return f"Claim {row} is approved."


def _reject(row: WarrantyClaim, request: HttpRequest, data: Data) -> str:
    decide_claim(row, approve=False, reason=data["reason"])
    return f"Claim {row} is rejected."


def _resolve(row: WarrantyClaim, request: HttpRequest, data: Data) -> str:
    resolve_claim(
        row, resolution_type=data["resolution_type"], resolution=data["resolution"]
    )
    return f"Claim {row} is resolved."


def _withdraw(row: WarrantyClaim, request: HttpRequest, data: Data) -> str:
    withdraw_claim(row, reason=data["reason"])
    return f"Claim {row} is withdrawn."


class WarrantyClaimInline(ReadOnlyInline):
    model = WarrantyClaim
    fields = ("claim_number", STATUS, "failed_on", "resolution_type", "claimed_at")
    ordering = ("-id",)


@admin.register(Warranty)
class WarrantyAdmin(DocumentAdmin):
    """Warranties; most begin by themselves when goods are delivered."""

    list_display = (
        "warranty_number",
        VARIANT,
        CUSTOMER,
        STATUS,
        "serial_number",
        "starts_on",
        "ends_on",
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("ends_on", DateRangeFilter),
        ("customer", RelatedFilter),
    )
    search_fields = ("warranty_number__startswith", "serial_number__exact")
    search_through = ("variant__sku__startswith", "customer__email__exact")
    list_select_related = ("variant", "customer")
    presets = (Preset("active", "Active", lambda rows: rows.active()),)
    ordering = ("-id",)
    header_columns = (STATUS, since("created_at", label="registered"))
    inlines = (WarrantyClaimInline,)
    guided_actions = (
        GuidedAction(
            "void",
            "Void",
            _void,
            explain="From now on no claim can be made under it.",
            form=ReasonForm,
            refusal=leads_to("void"),
            is_dangerous=True,
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        number = () if obj is None else ("warranty_number",)
        return (
            (
                None,
                {"fields": (*number, ("variant", "customer"), "serial_number")},
            ),
            ("Days", {"fields": (("starts_on", "ends_on"),)}),
            ("Terms", {"fields": ("terms",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        return ("warranty_number", "variant", "customer", "starts_on", "status")

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Give a warranty that is added by hand its number."""
        if not change:
            obj.warranty_number = next_number("WAR")
        super().save_model(request, obj, form, change)


@admin.register(WarrantyClaim)
class WarrantyClaimAdmin(DocumentAdmin):
    """Adding submits a claim; from then on it moves by actions only."""

    list_display = (
        "claim_number",
        WARRANTY,
        STATUS,
        "failed_on",
        "resolution_type",
        since("claimed_at", label="claimed"),
        since("resolved_at", label="resolved"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("resolution_type", ChoicesFilter),
        ("claimed_at", DateRangeFilter),
    )
    search_fields = ("claim_number__startswith",)
    search_through = (
        "warranty__warranty_number__startswith",
        "warranty__serial_number__exact",
    )
    list_select_related = ("warranty",)
    presets = (Preset("open", "Open", lambda rows: rows.open()),)
    ordering = ("-created_at",)
    told_on = ("warranty",)
    header_columns = (STATUS, since("claimed_at", label="claimed"))
    guided_actions = (
        GuidedAction("approve", "Approve", _approve, refusal=leads_to("approved")),
        GuidedAction(
            "reject",
            "Reject",
            _reject,
            form=ReasonForm,
            refusal=leads_to("rejected"),
            is_dangerous=True,
        ),
        GuidedAction(
            "resolve",
            "Resolve",
            _resolve,
            form=ResolveForm,
            refusal=leads_to("resolved"),
        ),
        GuidedAction(
            "withdraw",
            "Withdraw",
            _withdraw,
            form=ReasonForm,
            refusal=leads_to("withdrawn"),
            is_dangerous=True,
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("warranty", "failed_on", "description")}),)
        return (
            (None, {"fields": (("claim_number", WARRANTY), "failed_on")}),
            ("Fault", {"fields": ("description", "return_request")}),
            (
                "Outcome",
                {"fields": ("resolution_type", "resolution", "status_reason")},
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        outcome = ("resolution_type", "resolution", "status_reason")
        return ("claim_number", "failed_on", "status", WARRANTY, *outcome)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"failed_on": timezone.now().date(), **initial}

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Submit a new claim through its service."""
        if change:
            super().save_model(request, obj, form, change)
            return
        typed = form.cleaned_data
        become(
            obj,
            submit_claim(
                typed["warranty"],
                failed_on=typed["failed_on"],
                description=typed["description"],
            ),
        )
