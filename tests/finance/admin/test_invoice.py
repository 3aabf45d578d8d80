from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from finance.models import Invoice, InvoiceLine, Payment, PaymentApplication
from finance.services import (
    credit_invoice,
    draft_invoice,
    draft_invoice_for_order,
    issue_invoice,
)
from orders.services import OrderLine
from tests.finance.builders import make_debt, make_invoice, make_payment, money_of
from tests.finance.services.test_payables import make_received, record
from tests.orders.builders import (
    NOON,
    make_customer,
    make_stocked_variant,
)
from tests.pages import (
    act,
    action_url,
    add_url,
    change_url,
    delete_url,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def labels(row: Invoice) -> list[str]:
    buttons = staff().get(change_url(row)).context["buttons"]
    return [button["label"] for button in buttons]


def test_adding_for_an_order_drafts_all_of_it() -> None:
    order = make_debt()

    response = save(staff(), add_url(Invoice), order=order.pk, notes="by post")

    invoice = Invoice.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (invoice.order, invoice.total, invoice.notes) == (
        order,
        Decimal(100),
        "by post",
    )


def test_adding_for_a_customer_leads_to_a_page_for_its_lines() -> None:
    customer = make_customer()
    browser = staff()
    save(browser, add_url(Invoice), customer=customer.pk)
    invoice = Invoice.objects.get()

    response = save(
        browser,
        change_url(invoice),
        lines__TOTAL_FORMS="1",
        lines__0__description="Workshop",
        lines__0__quantity="2",
        lines__0__unit_price="80",
        lines__0__discount="10",
        lines__0__tax_rate="0.2",
    )

    assert response.redirect_chain, refusals(response)
    invoice.refresh_from_db()
    line = invoice.lines.get()
    assert (line.line_number, line.line_total) == (1, Decimal(150))
    assert (invoice.subtotal, invoice.total) == (Decimal(150), Decimal(180))


def test_adding_for_a_purchase_order_records_the_suppliers_invoice() -> None:
    order = make_received(10)

    save(
        staff(),
        add_url(Invoice),
        purchase_order=order.pk,
        supplier_invoice_number="F-77",
    )

    invoice = Invoice.objects.get()
    assert (invoice.kind, invoice.status) == ("payable", "open")
    assert (invoice.supplier_invoice_number, invoice.total) == ("F-77", Decimal(25))


def test_an_invoice_is_for_exactly_one_of_them() -> None:
    order = make_debt()

    response = save(
        staff(), add_url(Invoice), order=order.pk, customer=order.customer.pk
    )

    assert refusals(response) == [
        (
            "The invoice was not added. Why: 2 of order, customer and purchase order"
            " are given. What to do: choose exactly one of them."
        )
    ]
    assert Invoice.objects.count() == 0


def test_a_draft_of_an_order_may_charge_less_but_not_more() -> None:
    order = make_debt(lines=[OrderLine(make_stocked_variant(), 3)])
    draft = draft_invoice_for_order(order)
    browser = staff()

    save(browser, change_url(draft), lines__0__quantity="2")
    draft.refresh_from_db()
    assert draft.total == Decimal(20)

    response = save(browser, change_url(draft), lines__0__quantity="4")
    sku = order.items.get().sku
    assert refusals(response) == [
        (
            f"Line 1 of invoice {draft} was not taken. Why: 4 × {sku} is charged, 3 of"
            f" order {order} is left to invoice. What to do: lower the quantity."
        )
    ]
    draft.refresh_from_db()
    assert draft.total == Decimal(20)
    assert "lines-0-unit_price" not in shown(browser, change_url(draft))


def test_an_issued_invoice_is_only_read() -> None:
    invoice = make_invoice()
    browser = staff()

    save(browser, change_url(invoice), notes="sent by post", due_on="2020-01-01")

    invoice.refresh_from_db()
    assert (invoice.notes, invoice.total) == ("sent by post", Decimal(100))
    assert invoice.due_on != timezone.now().date().replace(2020, 1, 1)
    assert not [name for name in shown(browser, change_url(invoice)) if "0-q" in name]


def test_buttons_are_what_may_be_done_now() -> None:
    draft = draft_invoice_for_order(make_debt())
    assert labels(draft) == ["Issue", "Print"]
    issue_invoice(draft)
    assert labels(draft) == ["Record payment", "Credit", "Void", "Print"]
    make_payment(invoice=draft)
    assert labels(draft) == ["Credit", "Print"]
    assert labels(record(make_received(10))) == ["Pay supplier", "Void"]


def test_a_draft_is_issued_paid_and_credited_from_its_page() -> None:
    draft = draft_invoice_for_order(make_debt())
    browser = staff()

    said = told(act(browser, draft, "issue"))
    draft.refresh_from_db()
    assert said == [f"Invoice {draft} is issued; it is not edited any more."]

    form = browser.get(action_url(draft, "receive")).context["form"]
    assert form.fields["amount"].help_text == "At most 100.00 USD."
    said = told(act(browser, draft, "receive", amount="70", method="bank_transfer"))
    payment = Payment.objects.get()
    assert said == [f"Payment {payment} is recorded; the invoice is partly paid."]

    said = told(act(browser, draft, "credit", amount="30", reason="scratched"))
    note = Invoice.objects.get(kind="credit_note")
    assert said == [f"Credit note {note} over 30.00 USD is written."]
    assert money_of(draft) == ("paid", Decimal(70), Decimal(30))


def test_units_of_lines_are_credited_from_the_page() -> None:
    invoice = make_invoice(make_debt(lines=[OrderLine(make_stocked_variant(), 3)]))
    line = invoice.lines.get()

    act(staff(), invoice, "credit", reason="came back", **{f"units_{line.pk}": "2"})

    assert money_of(invoice) == ("open", Decimal(0), Decimal(20))


def test_a_credit_is_an_amount_or_units_but_not_both() -> None:
    invoice = make_invoice()
    line = invoice.lines.get()

    response = act(
        staff(),
        invoice,
        "credit",
        reason="scratched",
        amount="5",
        **{f"units_{line.pk}": "1"},
    )

    form = response.context["form"]
    assert form.non_field_errors() == ["Give an amount, or units of lines."]
    assert money_of(invoice) == ("open", Decimal(0), Decimal(0))


def test_more_than_is_owed_is_refused_on_the_page() -> None:
    invoice = make_invoice()

    response = act(staff(), invoice, "receive", amount="100.01", method="card")

    assert response.context["refused"] == (
        f"100.01 USD was not taken for {invoice.order}. Why: 100.00 USD is owed. "
        "What to do: take at most 100.00 USD."
    )
    assert Payment.objects.count() == 0


def test_a_suppliers_invoice_is_paid_from_its_page() -> None:
    invoice = record(make_received(10))

    act(staff(), invoice, "pay-out", amount="25", method="bank_transfer")

    assert money_of(invoice) == ("paid", Decimal(25), Decimal(0))
    assert Payment.objects.get().kind == "payout"


def test_voiding_asks_for_a_reason() -> None:
    invoice = make_invoice()

    response = act(staff(), invoice, "void", reason="wrong address")

    assert told(response) == [f"Invoice {invoice} is void."]


def test_drafts_are_deleted_and_issued_invoices_are_not() -> None:
    draft, invoice = draft_invoice_for_order(make_debt()), make_invoice()
    browser = staff()

    browser.post(delete_url(draft), {"post": "yes"})
    refused = browser.post(delete_url(invoice), {"post": "yes"})

    assert refused.status_code == 403
    assert list(Invoice.objects.all()) == [invoice]


def test_lists_show_drafts_unpaid_overdue_and_what_is_to_pay() -> None:
    draft = draft_invoice(make_customer())
    overdue = make_invoice()
    due = timezone.now().date() - timedelta(days=1)
    Invoice.objects.filter(pk=overdue.pk).update(due_on=due, issued_on=due)
    open_one = make_invoice()
    make_payment(invoice=make_invoice())
    payable = record(make_received(10))
    browser = staff()

    def tab(name: str) -> set[Invoice]:
        page = browser.get(list_url(Invoice), {"preset": name})
        return set(page.context["cl"].result_list)

    assert tab("drafts") == {draft}
    assert tab("unpaid") == {overdue, open_one}
    assert tab("overdue") == {overdue}
    assert tab("to_pay") == {payable}
    text = browser.get(list_url(Invoice)).content.decode()
    assert text.count(">Overdue</span>") == 1


def test_invoices_are_found_by_their_numbers_and_parties() -> None:
    customer = make_customer(company="Alfreds Futterkiste")
    invoice = make_invoice(make_debt(customer=customer))
    payable = record(make_received(10), supplier_invoice_number="F-9")
    make_invoice()
    browser = staff()

    def found(term: str) -> list[Invoice]:
        page = browser.get(list_url(Invoice), {"q": term})
        return list(page.context["cl"].result_list)

    for term in (str(invoice), str(invoice.order), "Alfreds", customer.email or ""):
        assert found(term) == [invoice]
    assert found("F-9") == [payable]
    assert found(payable.supplier.name if payable.supplier else "") == [payable]


def test_an_invoice_prints_with_its_lines_sums_and_what_is_to_pay() -> None:
    order = make_debt(
        lines=[
            OrderLine(
                make_stocked_variant(tax_rate=Decimal("0.19")),
                3,
                Decimal("1234.50"),
                discount=Decimal(5),
            )
        ],
        shipping_total=Decimal("4.90"),
    )
    invoice = make_invoice(order)
    make_payment(invoice=invoice, amount=Decimal(1000))
    browser = staff()

    def paper(row: Invoice) -> str:
        url = f"{change_url(row)[: -len('change/')]}paper/invoice/"
        return browser.get(url).content.decode()

    text = paper(invoice)
    assert f"<h1>Invoice {invoice}</h1>" in text
    for shown_text in ("1,234.5", "19 %", "3,698.50 USD", "702.72 USD", "4.90 USD"):
        assert shown_text in text
    assert "4,406.12 USD" in text
    assert "3,406.12 USD" in text
    note = credit_invoice(invoice, amount=Decimal(10), reason="scratched")
    text = paper(note)
    assert f"<h1>Credit note {note}</h1>" in text
    assert "To pay" not in text
    assert "scratched" in text


def test_a_suppliers_invoice_is_not_printed() -> None:
    invoice = record(make_received(10))
    url = f"{change_url(invoice)[: -len('change/')]}paper/invoice/"

    assert staff().get(url).status_code == 404


def test_lines_and_applications_are_found_and_only_read() -> None:
    invoice = make_invoice()
    make_payment(invoice=invoice)
    make_invoice()
    browser = staff()

    for model in (InvoiceLine, PaymentApplication):
        page = browser.get(list_url(model), {"q": str(invoice)})
        assert [row.invoice for row in page.context["cl"].result_list] == [invoice]
        assert browser.get(add_url(model)).status_code == 403


def test_an_order_shows_its_invoices_and_is_invoiced_from_its_page() -> None:
    order = make_debt()

    response = act(staff(), order, "invoice")

    invoice = Invoice.objects.get()
    assert told(response) == [f"Invoice {invoice} over 100.00 USD is issued."]
    (message,) = response.context["messages"]
    assert f'href="{change_url(invoice)}"' in str(message)
    page = staff().get(change_url(order))
    assert str(invoice) in page.content.decode()
    assert "Invoice" not in [button["label"] for button in page.context["buttons"]]
    assert order.order_date == NOON
