from __future__ import annotations

from finance.admin import order_page
from finance.admin.cash_sale import CashSaleAdmin
from finance.admin.invoice import InvoiceAdmin
from finance.admin.invoice_line import InvoiceLineAdmin
from finance.admin.payment import PaymentAdmin, PaymentApplicationAdmin

__all__ = [
    "CashSaleAdmin",
    "InvoiceAdmin",
    "InvoiceLineAdmin",
    "PaymentAdmin",
    "PaymentApplicationAdmin",
    "order_page",
]
