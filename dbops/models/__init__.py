"""What dbops remembers in the database itself; a restore takes it back in time."""

from __future__ import annotations

from dbops.models.health_sample import HealthSample, HealthStatus
from dbops.models.restore_request import RequestState, RestoreRequest
from dbops.models.schedule_pause import SchedulePause
from dbops.models.scheduled_run import RunState, ScheduledRun

__all__ = [
    "HealthSample",
    "HealthStatus",
    "RequestState",
    "RestoreRequest",
    "RunState",
    "SchedulePause",
    "ScheduledRun",
]
