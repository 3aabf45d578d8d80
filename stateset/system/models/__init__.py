from __future__ import annotations

from stateset.system.models.audit import AuditEntry
from stateset.system.models.erasure import Erasure, ErasureReason
from stateset.system.models.event import Event
from stateset.system.models.integrity_run import IntegrityRun
from stateset.system.models.outbox import OutboxMessage
from stateset.system.models.seal import Seal
from stateset.system.models.sequence import NumberSequence

__all__ = [
    "AuditEntry",
    "Erasure",
    "ErasureReason",
    "Event",
    "IntegrityRun",
    "NumberSequence",
    "OutboxMessage",
    "Seal",
]
