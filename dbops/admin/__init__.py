"""The pages of the tables of dbops; those that show no table are in ``views``."""

from __future__ import annotations

from dbops.admin import health_sample, restore_request, schedule_pause, scheduled_run

__all__ = ["health_sample", "restore_request", "schedule_pause", "scheduled_run"]
