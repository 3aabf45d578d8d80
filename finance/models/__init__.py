from __future__ import annotations

from finance.models.invoice import Invoice, InvoiceLine
from finance.models.payment import CashSale, Payment, PaymentApplication

__all__ = ["CashSale", "Invoice", "InvoiceLine", "Payment", "PaymentApplication"]
