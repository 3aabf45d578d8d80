"""Bills of materials: drafts are edited, activated, copied to a new revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from inventory.models import BillOfMaterials, BomLineItem, WorkOrder
from inventory.services.manufacturing import (
    activate_bom,
    check_bom,
    copy_bom,
    create_bom,
    obsolete_bom,
)
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    Preset,
    ReadOnlyAdmin,
    ReadOnlyInline,
    RelatedFilter,
    leads_to,
    link,
    link_to,
    named,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.lines import DraftLinesInline, NumberedFormSet, own_page

Data = Mapping[str, Any]
Status = BillOfMaterials.Status

STATUS = status_pill()
VARIANT = named("variant", label="makes")
OUTPUT = number("output_quantity", label="at a time")
TIMES = (
    since("activated_at", label="activated"),
    since("obsoleted_at", label="obsolete since"),
)


class BomForm(forms.ModelForm):
    """A bill as typed; its revision and name can be found without being asked for."""

    class Meta:
        model = BillOfMaterials
        fields = ("variant", "revision", "name", "output_quantity", "notes")
        help_texts = {
            "revision": "Empty: the next free letter.",
            "name": "Empty: the name of the variant.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("revision", "name"):
            if name in self.fields:
                self.fields[name].required = False
                self.fields[name].initial = ""


def activate(bom: BillOfMaterials, request: HttpRequest, data: Data) -> str:
    activate_bom(bom)
    return f"{bom} is in force; the former revision is obsolete."


def copy(bom: BillOfMaterials, request: HttpRequest, data: Data) -> str:
    made = copy_bom(bom)
    return format_html("{} is a draft with the same lines.", link(made))


def retire(bom: BillOfMaterials, request: HttpRequest, data: Data) -> str:
    obsolete_bom(bom)
    return f"{bom} is obsolete."


ACTIVATE = GuidedAction(
    "activate",
    "Activate",
    activate,
    explain="New work orders are made by this bill. The revision in force until now"
    " becomes obsolete, and the lines can't be changed any more.",
    refusal=leads_to(Status.ACTIVE),
)
COPY = GuidedAction(
    "copy",
    "Copy to a new revision",
    copy,
    explain="Makes a draft with the same lines, to be changed and activated.",
    permission="inventory.add_billofmaterials",
)
OBSOLETE = GuidedAction(
    "obsolete",
    "Make obsolete",
    retire,
    explain="Nothing new is made by this bill. Work orders that have it keep it.",
    refusal=leads_to(Status.OBSOLETE),
    is_dangerous=True,
)


class BomLineInline(DraftLinesInline):
    model = BomLineItem
    formset = NumberedFormSet
    verbose_name_plural = "components"
    fields = ("component", "quantity_per", "scrap_rate", "notes")
    ordering = ("line_number",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("bom", "component")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 3 if obj is None else 0


class WorkOrdersInline(ReadOnlyInline):
    model = WorkOrder
    verbose_name_plural = "work orders"
    fields = (
        own_page("work order"),
        status_pill(),
        number("quantity_planned", label="planned"),
        number("quantity_completed", label="completed"),
    )
    ordering = ("-id",)


@admin.register(BillOfMaterials)
class BillOfMaterialsAdmin(DocumentAdmin):
    """Adding writes a draft revision; what is active is copied, not changed."""

    list_display = (
        "bom_number",
        VARIANT,
        "revision",
        "name",
        STATUS,
        OUTPUT,
        TIMES[0],
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("activated_at", DateRangeFilter),
        ("variant", RelatedFilter),
    )
    search_fields = ("bom_number__startswith", "name")
    search_through = ("variant__sku__startswith", "lines__component__sku__exact")
    search_help_text = "Number, name, SKU it makes or needs"
    list_select_related = ("variant",)
    presets = (
        Preset("active", "In force", lambda rows: rows.filter(status="active")),
        Preset("drafts", "Drafts", lambda rows: rows.filter(status="draft")),
    )
    ordering = ("-id",)
    header_columns = (STATUS, VARIANT, OUTPUT, *TIMES)
    inlines = (BomLineInline, WorkOrdersInline)
    guided_actions = (ACTIVATE, COPY, OBSOLETE)
    deletable_statuses = (Status.DRAFT,)
    event_prefix = "bom"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        bill = (("variant", "revision"), ("name", "output_quantity"))
        if obj is not None:
            bill = (("bom_number", "revision"), ("name", "output_quantity"))
        return ((None, {"fields": bill}), ("Notes", {"fields": ("notes",)}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("bom_number", "variant", "status")
        if obj.status == Status.DRAFT:
            return shown
        return (*shown, "revision", "output_quantity")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else (BomLineInline,)

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 -- Django's own
        **kwargs: Any,
    ) -> type[Any]:
        if obj is None:
            kwargs["form"] = BomForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            become(obj, create_bom(lines=[], **form.cleaned_data))

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        check_bom(form.instance)


@admin.register(BomLineItem)
class BomLineItemAdmin(ReadOnlyAdmin):
    """Components across all bills: where a part is used."""

    list_display = (
        "__str__",
        named("component"),
        named("bom__variant", label="used in"),
        status_pill("bom__status", label="bill is"),
        number("quantity_per", label="for one output"),
        number("scrap_rate", label="scrap"),
    )
    list_filter = (("bom__status", ChoicesFilter), ("component", RelatedFilter))
    search_through = ("component__sku__startswith", "bom__bom_number__startswith")
    search_help_text = "SKU of the component or number of the bill"
    list_select_related = ("bom__variant", "component")
    presets = (
        Preset("active", "In force", lambda rows: rows.filter(bom__status="active")),
    )
    ordering = ("-id",)
    header_columns = (link_to("bom"), status_pill("bom__status", label="bill is"))
