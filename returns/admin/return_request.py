"""Returns: the list people decide from, and the form of one return."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from inventory.models import Location
from orders.models import Order
from returns.admin.return_actions import RETURN_ACTIONS
from returns.admin.return_item import (
    NewReturnItemInline,
    ReturnItemInline,
    lines_to_return,
)
from returns.models import ReturnApproval, ReturnRequest
from returns.services import request_return
from returns.services.approvals import why_not_approver
from stateset.accounts.models import User
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    NumberRangeFilter,
    Preset,
    ReadOnlyAdmin,
    ReadOnlyInline,
    RelatedFilter,
    link,
    link_to,
    money,
    named,
    since,
    status_pill,
    yes_no,
)
from stateset.lib.admin.adding import become
from stateset.system.services.locks import lock_row

STATUS = status_pill()
ORDER = link_to("order")
CUSTOMER = link_to("customer")
REFUND = money("refund_total", label="refund")
REFUNDED = money("amount_refunded", label="refunded")
REQUESTED = since("requested_at", label="requested")
REPLACEMENT = link_to("replacement_order", label="replaced by")
FREIGHT = money("shipping_refund", label="freight given back")
FEE = money("restocking_fee", label="fee kept")
TIMES = (
    REQUESTED,
    since("approved_at", label="approved"),
    since("expires_at", label="expected until"),
    since("received_at", label="received"),
    since("inspected_at", label="inspected"),
    since("completed_at", label="completed"),
)
PROGRESS = (TIMES[:3], TIMES[3:])
DECISION = status_pill("decision")


@admin.display(description="asked for by", ordering="requested_by")
def asked_for_by(row: ReturnRequest) -> str:
    """Return who of the staff asked; a program asks for the customer alone."""
    by = row.requested_by
    return link(by, by.name) if by else "The customer"


PEOPLE = (CUSTOMER, asked_for_by)


class ReturnApprovalInline(ReadOnlyInline):
    model = ReturnApproval
    fields = (
        "round",
        "level",
        DECISION,
        link_to("approver", "name"),
        yes_no("is_automatic", label="automatic"),
        "reason",
        since("decided_at", label="decided"),
    )
    ordering = ("-round", "-level")
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("approver")


@admin.register(ReturnRequest)
class ReturnRequestAdmin(DocumentAdmin):
    """Adding requests a return; from then on it moves by actions only."""

    list_display = (
        "rma_number",
        ORDER,
        named("customer", "display_name"),
        STATUS,
        "reason_code",
        REFUND,
        REQUESTED,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("reason_code", ChoicesFilter),
        ("resolution", ChoicesFilter),
        ("requested_at", DateRangeFilter),
        ("refund_total", NumberRangeFilter),
        ("customer", RelatedFilter),
    )
    search_fields = ("rma_number__startswith",)
    search_through = (
        "order__order_number__startswith",
        "customer__email__exact",
        "customer__last_name",
        "customer__company",
    )
    list_select_related = ("order", "customer", "replacement_order", "requested_by")
    presets = (
        Preset("waiting", "Waiting", lambda rows: rows.waiting()),
        Preset("expected", "Expected back", lambda rows: rows.expected()),
        Preset("to_finish", "To finish", lambda rows: rows.to_finish()),
    )
    ordering = ("-created_at",)
    told_on = ("order",)
    header_columns = (STATUS, REFUND, REFUNDED, REQUESTED)
    guided_actions = RETURN_ACTIONS

    def lock(self, object_id: str) -> bool:
        """Lock the order first, then the return, as the services do."""
        with suppress(ValidationError):
            key = self.opts.pk.to_python(unquote(object_id))
            for order in Order.objects.filter(returns=key):
                lock_row(order)
        return super().lock(object_id)

    def has_approve_permission(
        self, request: HttpRequest, obj: ReturnRequest | None = None
    ) -> bool:
        """Return whether this user may take the next decision on a return."""
        if obj is None or obj.status != ReturnRequest.Status.REQUESTED:
            return request.user.has_perm("returns.approve_return")
        user = request.user if isinstance(request.user, User) else None
        return not why_not_approver(obj, user)

    def denial(self, request: HttpRequest, action: Any, row: Any) -> str:
        """Say to who may decide on returns why not on this one: four eyes."""
        user = request.user if isinstance(request.user, User) else None
        if action.permission != "approve" or not self.has_approve_permission(request):
            return ""
        return why_not_approver(row, user)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        if obj is None:
            return [NewReturnItemInline]
        return [ReturnItemInline, ReturnApprovalInline]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        why = ("Why", {"fields": (("reason_code", "resolution"), "reason")})
        if obj is None:
            return ((None, {"fields": ("order", "location")}), why)
        return (
            (
                None,
                {
                    "fields": (
                        ("rma_number", ORDER),
                        (CUSTOMER, asked_for_by),
                        "location",
                    )
                },
            ),
            why,
            ("Progress", {"fields": (*PROGRESS, "status_reason")}),
            ("Outcome", {"fields": ((FREIGHT, FEE), REPLACEMENT)}),
            ("Notes", {"fields": ("notes",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        fixed = ("rma_number", "location", "reason_code", "resolution", "reason")
        outcome = (FREIGHT, FEE, REPLACEMENT)
        return (
            *fixed,
            "status",
            "status_reason",
            ORDER,
            CUSTOMER,
            asked_for_by,
            *TIMES,
            *outcome,
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        default = Location.objects.filter(is_default=True).first()
        return {"location": default, **initial}

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Any, inline: Any, prefix: str
    ) -> dict[str, Any]:
        given: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, NewReturnItemInline):
            given["initial"] = lines_to_return(request)
        return given

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Save notes; a new return waits for its lines."""
        if change:
            super().save_model(request, obj, form, change)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        """Open the return with the lines that were typed."""
        # Writes nothing, but collects what the log of changes tells.
        formset.save(commit=False)
        if change:
            return
        typed = form.cleaned_data
        lines = {
            line["order_item"].pk: line["quantity"]
            for line in formset.cleaned_data
            if line.get("quantity") and not line.get("DELETE")
        }
        made = request_return(
            typed["order"],
            lines=lines,
            reason_code=typed["reason_code"],
            reason=typed["reason"],
            resolution=typed["resolution"],
            location=typed["location"],
        )
        become(form.instance, made)

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field: forms.Field | None = super().formfield_for_dbfield(
            db_field, request, **kwargs
        )
        if field is not None and db_field.name == "reason":
            field.widget.attrs["rows"] = 3
        return field


@admin.register(ReturnApproval)
class ReturnApprovalAdmin(ReadOnlyAdmin):
    """Decisions on returns; they are taken in the return."""

    list_display = (
        "__str__",
        link_to("return_request"),
        "round",
        "level",
        DECISION,
        money("amount", currency="return_request__currency"),
        named("approver", "name"),
        since("decided_at", label="decided"),
    )
    list_filter = (
        ("decision", ChoicesFilter),
        ("approver", RelatedFilter),
        ("decided_at", DateRangeFilter),
    )
    search_through = ("return_request__rma_number__startswith",)
    list_select_related = ("return_request", "approver")
    ordering = ("-id",)
