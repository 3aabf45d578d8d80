"""What the box on the home page knows of what comes back."""

from __future__ import annotations

from returns.models import ReturnRequest, Warranty, WarrantyClaim
from stateset.lib.quick_search import Lookup

LOOKUPS = [
    Lookup(ReturnRequest, ["rma_number"]),
    Lookup(Warranty, ["warranty_number"]),
    Lookup(WarrantyClaim, ["claim_number"]),
]
