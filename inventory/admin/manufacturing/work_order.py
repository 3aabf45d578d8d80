"""Work orders, and the steps they are done in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join

from inventory.admin.manufacturing.order_actions import ORDER_ACTIONS
from inventory.models import Location, WorkOrder, WorkOrderOperation
from inventory.services.manufacturing import (
    complete_operation,
    create_work_order,
    required_quantity,
    skip_operation,
    start_operation,
)
from stateset.lib.admin import (
    NEUTRAL,
    WAITING,
    ActionForm,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    Preset,
    ReasonForm,
    RelatedFilter,
    leads_to,
    link_to,
    named,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.entry import UnitsField
from stateset.lib.admin.guided import only_from
from stateset.lib.admin.lines import DraftLinesInline, own_page

Data = Mapping[str, Any]
Status = WorkOrder.Status
Step = WorkOrderOperation

STATUS = status_pill(colours={"pending_materials": WAITING, "closed_short": NEUTRAL})
VARIANT = named("variant", label="makes")
PLANNED = number("quantity_planned", label="planned")
MADE = (
    number("quantity_completed", label="completed"),
    number("quantity_scrapped", label="scrapped"),
)
START_ON = since("scheduled_start", label="starts")
TIMES = (
    since("actual_start", label="started"),
    since("actual_end", label="ended"),
)
PROGRESS = (
    status_pill(),
    number("actual_minutes", label="took minutes"),
    own_page("page"),
)
BEFORE_START = (Status.PLANNED, Status.PENDING_MATERIALS, Status.READY)
FIXED = ("variant", "location", "quantity_planned")
"""What materials were reserved by, or will be: planned anew rather than changed."""


class MinutesForm(ActionForm):
    minutes = UnitsField(
        required=False,
        help_text="Empty: as long as the step was open.",
    )


def start_step(step: Step, request: HttpRequest, data: Data) -> str:
    start_operation(step)
    return f"Step {step} is in progress."


def complete_step(step: Step, request: HttpRequest, data: Data) -> str:
    complete_operation(step, minutes=data["minutes"])
    return f"Step {step} is completed after {step.actual_minutes:,} minutes."


def skip_step(step: Step, request: HttpRequest, data: Data) -> str:
    skip_operation(step, reason=data["reason"])
    return f"Step {step} is skipped."


STEP_ACTIONS = (
    GuidedAction(
        "start",
        "Start",
        start_step,
        explain="Begins the step; every earlier one must be done.",
        refusal=leads_to(Step.Status.IN_PROGRESS),
    ),
    GuidedAction(
        "complete",
        "Complete",
        complete_step,
        explain="Ends the step and notes how long it took.",
        form=MinutesForm,
        refusal=leads_to(Step.Status.COMPLETED),
    ),
    GuidedAction(
        "skip",
        "Skip",
        skip_step,
        explain="Leaves the step out.",
        form=ReasonForm,
        refusal=only_from(Step.Status.PENDING),
        is_dangerous=True,
    ),
)


class OperationInline(DraftLinesInline):
    model = WorkOrderOperation
    verbose_name_plural = "steps"
    editable_statuses = BEFORE_START
    ordering = ("sequence",)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("work_order", "assigned_to")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        typed = ("sequence", "name", "work_center", "planned_minutes", "assigned_to")
        return typed if obj is None else (*typed, *PROGRESS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return PROGRESS


@admin.display(description="materials")
def materials(order: WorkOrder) -> str:
    """Return what the whole order takes, a line a component."""
    lines = order.bom.lines.select_related("component").order_by("line_number")
    return format_html_join(
        "",
        "<div>{} × {}</div>",
        (
            (
                f"{required_quantity(order.bom, line, order.quantity_planned):,}",
                line.component,
            )
            for line in lines
        ),
    )


@admin.register(WorkOrder)
class WorkOrderAdmin(DocumentAdmin):
    """Adding plans an order by the bill in force; the rest goes by actions."""

    list_display = (
        "work_order_number",
        VARIANT,
        STATUS,
        status_pill("priority", colours={"4": "problem", "3": "waiting"}),
        PLANNED,
        MADE[0],
        START_ON,
        named("assigned_to", "name"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("priority", ChoicesFilter),
        ("scheduled_start", DateRangeFilter),
        ("assigned_to", RelatedFilter),
        ("variant", RelatedFilter),
    )
    search_fields = ("work_order_number__startswith",)
    search_through = ("variant__sku__startswith", "bom__bom_number__startswith")
    search_help_text = "Work order or bill number, SKU it makes"
    list_select_related = ("variant", "assigned_to")
    presets = (
        Preset(
            "waiting",
            "Waiting for materials",
            lambda rows: rows.filter(status=Status.PENDING_MATERIALS),
        ),
        Preset("ready", "Ready", lambda rows: rows.filter(status=Status.READY)),
        Preset(
            "running", "In progress", lambda rows: rows.filter(status="in_progress")
        ),
        Preset(
            "late",
            "Late",
            lambda rows: rows.filter(
                status__in=BEFORE_START, scheduled_start__lt=timezone.now()
            ),
        ),
    )
    ordering = ("-id",)
    header_columns = (STATUS, VARIANT, PLANNED, *MADE, *TIMES)
    inlines = (OperationInline,)
    guided_actions = ORDER_ACTIONS
    deletable_statuses = (Status.PLANNED,)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        plan: tuple[Any, ...] = ("variant", ("quantity_planned", "location"))
        if obj is not None:
            plan = (("work_order_number", "bom"), *plan, materials)
        return (
            (None, {"fields": (*plan, ("priority", "assigned_to"))}),
            ("Schedule", {"fields": ("scheduled_start", "scheduled_end")}),
            (
                "Notes",
                {"fields": ("notes",) if obj is None else ("status_reason", "notes")},
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("work_order_number", "bom", materials, "status", "status_reason")
        return (*shown, *FIXED)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"location": Location.objects.filter(is_default=True).first(), **initial}

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        typed = dict(form.cleaned_data)
        quantity = typed.pop("quantity_planned")
        become(obj, create_work_order(quantity=quantity, **typed))


@admin.register(WorkOrderOperation)
class WorkOrderOperationAdmin(DocumentAdmin):
    """What is to be done now, by work center; planned inside its work order."""

    list_display = (
        link_to("work_order"),
        "sequence",
        "name",
        "work_center",
        status_pill(),
        named("assigned_to", "name"),
        number("planned_minutes", label="planned minutes"),
        number("actual_minutes", label="took"),
    )
    list_display_links = ("name",)
    list_filter = (
        ("status", ChoicesFilter),
        ("assigned_to", RelatedFilter),
        ("completed_at", DateRangeFilter),
    )
    search_fields = ("work_center__exact", "name")
    search_through = ("work_order__work_order_number__startswith",)
    search_help_text = "Work order number, work center or name of the step"
    list_select_related = ("work_order", "assigned_to")
    presets = (
        Preset(
            "running",
            "In progress",
            lambda rows: rows.filter(status=Step.Status.IN_PROGRESS),
        ),
        Preset(
            "to_do",
            "To do",
            lambda rows: rows.filter(
                status=Step.Status.PENDING, work_order__status=Status.IN_PROGRESS
            ),
        ),
    )
    ordering = ("-work_order", "sequence")
    told_on = ("work_order",)
    header_columns = (
        status_pill(),
        since("started_at", label="started"),
        since("completed_at", label="completed"),
    )
    readonly_fields = ("work_order", "sequence", "name", "actual_minutes")
    fieldsets = (
        (None, {"fields": (("work_order", "sequence"), "name")}),
        ("Plan", {"fields": (("work_center", "assigned_to"),)}),
        ("Time", {"fields": (("planned_minutes", "actual_minutes"),)}),
        ("Notes", {"fields": ("notes",)}),
    )
    guided_actions = STEP_ACTIONS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
