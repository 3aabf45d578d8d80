"""Credit notes correct invoices, within what they charge."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finance.errors import (
    AmountError,
    CreditTooLargeError,
    FinanceError,
    InvoiceStateError,
)
from finance.models import Invoice, InvoiceLine
from finance.services import (
    credit_invoice,
    draft_invoice_for_order,
    refund_payment,
    void_invoice,
)
from orders.services import OrderLine
from tests.finance.builders import (
    make_debt,
    make_invoice,
    make_payment,
    money_of,
    totals_of,
)
from tests.orders.builders import NOON, make_stocked_variant

pytestmark = pytest.mark.django_db


def make_taxed_invoice() -> Invoice:
    """Return an invoice over 3 × 9.99 with 19 % tax: 29.97 + 5.69."""
    variant = make_stocked_variant(tax_rate=Decimal("0.19"))
    return make_invoice(make_debt(lines=[OrderLine(variant, 3, Decimal("9.99"))]))


def line_of(invoice: Invoice) -> InvoiceLine:
    return invoice.lines.get()


def test_a_credit_note_has_a_number_of_its_own_series() -> None:
    invoice = make_invoice()

    note = credit_invoice(invoice, amount=Decimal(30), reason="scratched", at=NOON)

    assert note.invoice_number == "CRN-2026-000001"
    assert (note.kind, note.status, note.credits) == ("credit_note", "paid", invoice)
    assert (note.total, note.amount_due) == (Decimal(30), Decimal(0))
    assert money_of(invoice) == ("open", Decimal(0), Decimal(30))
    assert invoice.amount_due == Decimal(70)


def test_an_amount_credited_has_its_share_of_tax() -> None:
    invoice = make_taxed_invoice()

    note = credit_invoice(invoice, amount=Decimal("11.89"), reason="scratched")

    assert (note.subtotal, note.tax_total) == (Decimal("9.99"), Decimal("1.90"))
    assert note.total == Decimal("11.89")


def test_units_of_a_line_are_credited_to_the_last_cent() -> None:
    invoice = make_taxed_invoice()
    line = line_of(invoice)

    one = credit_invoice(invoice, lines={line.pk: 1}, reason="came back")
    rest = credit_invoice(invoice, lines={line.pk: 2}, reason="came back")

    assert (one.subtotal, one.tax_total) == (Decimal("9.99"), Decimal("1.90"))
    assert (rest.subtotal, rest.tax_total) == (Decimal("19.98"), Decimal("3.79"))
    assert one.total + rest.total == invoice.total
    assert money_of(invoice) == ("paid", Decimal(0), invoice.total)


def test_many_small_units_are_credited_one_by_one() -> None:
    variant = make_stocked_variant(tax_rate=Decimal("0.08"))
    order = make_debt(lines=[OrderLine(variant, 10, unit_price=Decimal("0.07"))])
    invoice = make_invoice(order)
    line = line_of(invoice)

    notes = [
        credit_invoice(invoice, lines={line.pk: 1}, reason="came back")
        for _ in range(10)
    ]

    assert sum(note.tax_total for note in notes) == Decimal("0.06")
    assert money_of(invoice) == ("paid", Decimal(0), Decimal("0.76"))


def test_more_units_than_were_charged_are_not_credited() -> None:
    invoice = make_taxed_invoice()
    line = line_of(invoice)
    credit_invoice(invoice, lines={line.pk: 2}, reason="came back")

    with pytest.raises(CreditTooLargeError) as refusal:
        credit_invoice(invoice, lines={line.pk: 2}, reason="came back")

    assert str(refusal.value) == (
        f"Line 1 of invoice {invoice} was not credited.\n"
        "  why: 2 of 3 units were asked, 1 are left\n"
        "  fix: credit 1 to 1 units"
    )
    assert Invoice.objects.filter(kind="credit_note").count() == 1


def test_no_more_is_credited_than_was_charged() -> None:
    invoice = make_invoice()
    credit_invoice(invoice, amount=Decimal(80), reason="scratched")

    with pytest.raises(CreditTooLargeError) as refusal:
        credit_invoice(invoice, amount=Decimal("20.01"), reason="scratched")

    assert str(refusal.value) == (
        f"20.01 USD of invoice {invoice} was not credited.\n"
        "  why: 20.00 USD of 100.00 USD is left\n"
        "  fix: credit at most 20.00 USD"
    )
    assert refusal.value.left == Decimal(20)
    assert money_of(invoice) == ("open", Decimal(0), Decimal(80))
    assert Invoice.objects.filter(kind="credit_note").count() == 1


def test_crediting_the_rest_settles_the_invoice() -> None:
    invoice = make_invoice()
    make_payment(invoice=invoice, amount=Decimal(70))

    credit_invoice(invoice, amount=Decimal(30), reason="scratched", at=NOON)

    assert money_of(invoice) == ("paid", Decimal(70), Decimal(30))
    assert invoice.paid_at == NOON


def test_crediting_a_paid_invoice_leaves_money_to_give_back() -> None:
    order = make_debt()
    invoice = make_invoice(order)
    payment = make_payment(invoice=invoice)

    credit_invoice(invoice, amount=Decimal(30), reason="scratched")
    assert money_of(invoice) == ("paid", Decimal(100), Decimal(30))
    assert invoice.amount_due == Decimal(-30)

    refund_payment(payment, amount=Decimal(30), reason="scratched")
    assert money_of(invoice) == ("paid", Decimal(70), Decimal(30))
    assert Invoice.objects.filter(kind="credit_note").count() == 1
    assert totals_of(order) == ("partially_refunded", Decimal(100), Decimal(30))


def test_credited_units_can_be_invoiced_again() -> None:
    order = make_debt()
    invoice = make_invoice(order)

    credit_invoice(invoice, lines={line_of(invoice).pk: 1}, reason="wrong price")

    assert draft_invoice_for_order(order).total == Decimal(100)


@pytest.mark.parametrize(
    ("amount", "why", "fix"),
    [
        ("0", "the amount is 0", "give an amount above zero"),
        ("-5", "the amount is -5", "give an amount above zero"),
        ("5.001", "5.001 is finer than USD can be paid", "give 5.00 USD"),
    ],
)
def test_an_impossible_amount_is_not_credited(amount: str, why: str, fix: str) -> None:
    invoice = make_invoice()

    with pytest.raises(AmountError) as refusal:
        credit_invoice(invoice, amount=Decimal(amount), reason="scratched")

    assert str(refusal.value) == (
        f"Invoice {invoice} was not credited.\n  why: {why}\n  fix: {fix}"
    )
    assert money_of(invoice) == ("open", Decimal(0), Decimal(0))


def test_a_draft_is_not_credited() -> None:
    draft = draft_invoice_for_order(make_debt())

    with pytest.raises(InvoiceStateError) as refusal:
        credit_invoice(draft, amount=Decimal(5), reason="scratched")

    assert refusal.value.why == "it is draft"


def test_a_void_invoice_is_not_credited() -> None:
    invoice = void_invoice(make_invoice(), reason="wrong address")

    with pytest.raises(InvoiceStateError) as refusal:
        credit_invoice(invoice, amount=Decimal(5), reason="scratched")

    assert refusal.value.why == "it is void"


def test_a_credit_note_is_not_credited() -> None:
    note = credit_invoice(make_invoice(), amount=Decimal(5), reason="scratched")

    with pytest.raises(InvoiceStateError) as refusal:
        credit_invoice(note, amount=Decimal(5), reason="scratched")

    assert refusal.value.why == f"{note} is no invoice to a customer (credit note)"


def test_a_credit_says_what_it_is_over() -> None:
    invoice, other = make_invoice(), make_invoice()

    with pytest.raises(FinanceError) as nothing:
        credit_invoice(invoice, reason="scratched")
    foreign = line_of(other).pk
    with pytest.raises(FinanceError) as wrong:
        credit_invoice(invoice, lines={foreign: 1}, reason="scratched")

    assert nothing.value.why == "neither one amount nor units of lines were given"
    assert wrong.value.why == f"it has no line {foreign}"
