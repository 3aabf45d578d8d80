"""The till: one page that asks what is sold, where, and what is tendered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from finance.admin.money_fields import new_key
from finance.models import CashSale
from finance.services import record_cash_sale
from inventory.models import Location, ProductVariant
from orders.models import Customer, Order, OrderItem
from orders.services import OrderLine
from stateset.accounts.models import User
from stateset.lib.admin import ActionForm, StatesetAdmin, money_text
from stateset.lib.admin.doubts import SEND_AGAIN, SURE, AskingForm, times
from stateset.lib.admin.entry import AmountField, UnitsField
from stateset.lib.admin.refusals import REFUSALS, sentences
from stateset.lib.admin.searched import SearchedSelect
from stateset.lib.errors import StatesetError
from stateset.lib.journal import business_transaction

LINES = 6
TILL_MEDIA = forms.Media(css={"all": ["finance/till.css"]})


class TillForm(AskingForm, ActionForm):
    """Where it is sold, to whom, and the money handed over."""

    location = forms.ModelChoiceField(Location.objects.none(), empty_label=None)
    customer = forms.ModelChoiceField(
        Customer.objects.all(), required=False, help_text="Empty: a walk-in customer."
    )
    tendered_amount = AmountField(
        decimal_places=2,
        label="Tendered",
        help_text="The change is told afterwards.",
    )
    page_key = forms.CharField(widget=forms.HiddenInput, initial=new_key)

    def prepare(self) -> None:
        selling = Location.objects.filter(
            is_active=True, kind__in=Location.SELLING_KINDS
        )
        location = cast(forms.ModelChoiceField, self.fields["location"])
        location.queryset = selling.order_by("-is_default", "code")


class UnlikelyCashError(StatesetError):
    """So much cash was handed over that it must be asked whether it is meant."""


def cash_doubt(sale: CashSale) -> str:
    """Return what to ask about the money that was handed over, "" for nothing."""
    factor = times(sale.tendered_amount, sale.amount)
    if not factor:
        return ""
    given, due = (
        money_text(each, sale.currency) for each in (sale.tendered_amount, sale.amount)
    )
    return f"{given} is {factor:,} times what is to be paid, {due}. Book it so?"


class LineForm(ActionForm):
    """One article; an empty price is that of the catalogue."""

    variant = forms.ModelChoiceField(
        ProductVariant.objects.sellable(), required=False, label="Article"
    )
    quantity = UnitsField(min_value=1, required=False, label="Units")
    unit_price = AmountField(required=False, label="Price")

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if any(typed.get(name) for name in ("quantity", "unit_price")) and not (
            typed.get("variant")
        ):
            self.add_error("variant", "Choose an article, or empty the line.")
        return typed


LinesFormSet = forms.formset_factory(LineForm, extra=LINES)


class TillMixin(StatesetAdmin):
    """Sells over the counter where other pages add a row."""

    def till_view(self, request: HttpRequest) -> HttpResponse:
        """Ask on GET, sell on POST; a page sent twice sells once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        posted = request.POST if request.method == "POST" else None
        form, lines = TillForm(posted), LinesFormSet(posted, prefix="lines")
        refused = asked = ""
        if posted is not None and form.is_valid() and lines.is_valid():
            try:
                return self._to_sale(request, self._sell(request, form, lines))
            except UnlikelyCashError as doubt:
                asked = f"{doubt.what} {SEND_AGAIN}"
            except REFUSALS as error:
                refused = sentences(error)
        return self._till(request, form, lines, refused=refused, asked=asked)

    def _sell(self, request: HttpRequest, form: TillForm, lines: Any) -> CashSale:
        """Sell; raises UnlikelyCashError, and nothing is sold, where it is to ask."""
        typed = dict(form.cleaned_data)
        del typed[SURE]
        with business_transaction():
            sale = record_cash_sale(
                cashier=cast(User, request.user),
                lines=[
                    OrderLine(
                        line["variant"], line["quantity"] or 1, line["unit_price"]
                    )
                    for line in lines.cleaned_data
                    if line.get("variant")
                ],
                idempotency_key=typed.pop("page_key"),
                **typed,
            )
            # What is to be paid is known for sure once it is sold.
            if not form.is_sure(doubt := cash_doubt(sale)):
                raise UnlikelyCashError(doubt)
        return sale

    def _to_sale(self, request: HttpRequest, sale: CashSale) -> HttpResponse:
        change = money_text(sale.change_amount, sale.currency)
        messages.success(request, f"Cash sale {sale} is made. Change: {change}.")
        self.log_addition(request, sale, [{"added": {}}])
        url = reverse(f"{self.admin_site.name}:finance_cashsale_change", args=[sale.pk])
        return HttpResponseRedirect(url)

    def _till(
        self,
        request: HttpRequest,
        form: TillForm,
        lines: Any,
        *,
        refused: str,
        asked: str,
    ) -> HttpResponse:
        for shown in self._searched_fields(form, lines):
            shown.widget.choices = shown.choices
        return TemplateResponse(
            request,
            "finance/till.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "New cash sale",
                "form": form,
                "lines": lines,
                "refused": refused,
                "asked": asked,
                "media": self.media + form.media + lines.media + TILL_MEDIA,
            },
            status=409 if refused or asked else 200,
        )

    def _searched_fields(self, form: TillForm, lines: Any) -> Iterator[Any]:
        """Make people search customers and articles, of which there are many."""
        customer: Any = form.fields["customer"]
        customer.widget = self._search_box(Order, "customer")
        yield customer
        for line in lines.forms:
            variant: Any = line.fields["variant"]
            variant.widget = self._search_box(OrderItem, "variant")
            yield variant

    def _search_box(self, model: type[Any], name: str) -> SearchedSelect:
        return SearchedSelect(model._meta.get_field(name), self.admin_site)
