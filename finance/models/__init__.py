from __future__ import annotations

from finance.models.cash_sale import CashSale
from finance.models.invoice import Invoice, InvoiceLine
from finance.models.payment import Payment, PaymentApplication

__all__ = ["CashSale", "Invoice", "InvoiceLine", "Payment", "PaymentApplication"]
