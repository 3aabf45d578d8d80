"""What the box on the home page knows of money."""

from __future__ import annotations

from finance.models import CashSale, Invoice, Payment
from stateset.lib.quick_search import Lookup

LOOKUPS = [
    Lookup(Invoice, ["invoice_number"]),
    Lookup(Payment, ["payment_number"]),
    Lookup(CashSale, ["sale_number"]),
]
