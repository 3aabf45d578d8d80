"""What ran, what was measured and paused: true of where it was, not of a copy."""

from __future__ import annotations

from dbops.models import HealthSample, RestoreRequest, ScheduledRun, SchedulePause
from stateset.lib.anonymise import emptied

TABLES = (
    emptied(HealthSample),
    emptied(RestoreRequest),
    emptied(ScheduledRun),
    emptied(SchedulePause),
)
