"""What is personal in returns, warranties and claims."""

from __future__ import annotations

from returns.models import ReturnApproval, ReturnRequest, Warranty, WarrantyClaim
from stateset.lib.anonymise import table
from stateset.lib.anonymise_rules import CODE, FREE_TEXT, PLAIN

TABLES = (
    table(
        ReturnRequest,
        "rma_number",
        reason=FREE_TEXT,
        status_reason=FREE_TEXT,
        notes=FREE_TEXT,
    ),
    table(ReturnApproval, reason=FREE_TEXT),
    table(
        Warranty,
        "warranty_number",
        serial_number=CODE,
        terms=FREE_TEXT,
        status_reason=FREE_TEXT,
    ),
    table(
        WarrantyClaim,
        "claim_number",
        description=FREE_TEXT,
        resolution=FREE_TEXT,
        status_reason=FREE_TEXT,
    ),
)

PAYLOAD = {"refund_total": PLAIN, "resolution": PLAIN, "warranty": PLAIN}
