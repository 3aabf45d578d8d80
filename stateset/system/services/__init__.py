from __future__ import annotations

from stateset.system.services.events import (
    record_event,
    record_events,
    telling_nobody,
)
from stateset.system.services.numbering import next_number
from stateset.system.services.transitions import change_status

__all__ = [
    "change_status",
    "next_number",
    "record_event",
    "record_events",
    "telling_nobody",
]
