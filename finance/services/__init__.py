from __future__ import annotations

from finance.services.authorizations import (
    authorizable_amount,
    authorize_payment,
    capturable_amount,
    capture_payment,
    expire_authorizations,
    record_authorization,
    void_payment,
)
from finance.services.cash_sales import (
    record_cash_sale,
    void_cash_sale,
    walk_in_customer,
)
from finance.services.credits import credit_invoice
from finance.services.invoice_lines import recalculate_invoice
from finance.services.invoices import (
    discard_draft,
    draft_invoice,
    draft_invoice_for_order,
    invoice_order,
    issue_invoice,
    void_invoice,
)
from finance.services.payables import (
    BilledLine,
    pay_supplier_invoice,
    record_supplier_invoice,
)
from finance.services.payments import (
    cancel_payment,
    confirm_payment,
    fail_payment,
    record_payment,
)
from finance.services.refunds import refund_payment
from finance.services.totals import owed_on_invoice, owed_on_order

__all__ = [
    "BilledLine",
    "authorizable_amount",
    "authorize_payment",
    "cancel_payment",
    "capturable_amount",
    "capture_payment",
    "confirm_payment",
    "credit_invoice",
    "discard_draft",
    "draft_invoice",
    "draft_invoice_for_order",
    "expire_authorizations",
    "fail_payment",
    "invoice_order",
    "issue_invoice",
    "owed_on_invoice",
    "owed_on_order",
    "pay_supplier_invoice",
    "recalculate_invoice",
    "record_authorization",
    "record_cash_sale",
    "record_payment",
    "record_supplier_invoice",
    "refund_payment",
    "void_cash_sale",
    "void_invoice",
    "void_payment",
    "walk_in_customer",
]
