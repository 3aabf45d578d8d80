"""The pages under Database that show no table."""

from __future__ import annotations

from dbops.views import backups, drills, health, pins, restores, schedule
from stateset.lib.admin.pages import SitePage

AREA = "Database"

PAGES = (
    SitePage(
        "backups",
        "Backups",
        area=AREA,
        permission="dbops.view_backup",
        routes=(
            ("", backups.show_backups, "database_backups"),
            ("make/", backups.make_backup, "database_backup_make"),
            ("drills/<slug:drill_id>/", drills.show_drill, "database_drill"),
            ("<slug:backup_id>/", backups.show_backup, "database_backup"),
            ("<slug:backup_id>/verify/", backups.verify, "database_backup_verify"),
            ("<slug:backup_id>/drill/", drills.drill, "database_backup_drill"),
            ("<slug:backup_id>/pin/", pins.pin, "database_backup_pin"),
            ("<slug:backup_id>/unpin/", pins.unpin, "database_backup_unpin"),
        ),
    ),
    SitePage(
        "restores",
        "Restores",
        area=AREA,
        permission="dbops.view_restorerequest",
        routes=(
            ("", restores.show_restores, "database_restores"),
            ("ask/<slug:backup_id>/", restores.ask, "database_restore_ask"),
            ("<uuid:request_id>/", restores.show_request, "database_restore"),
            (
                "<uuid:request_id>/approve/",
                restores.approve,
                "database_restore_approve",
            ),
            ("<uuid:request_id>/refuse/", restores.refuse, "database_restore_refuse"),
        ),
    ),
    SitePage(
        "schedule",
        "Schedule",
        area=AREA,
        permission="dbops.view_scheduledrun",
        routes=(
            ("", schedule.show_schedule, "database_schedule"),
            ("<slug:name>/run/", schedule.run_now, "database_schedule_run"),
            ("<slug:name>/pause/", schedule.pause, "database_schedule_pause"),
            ("<slug:name>/resume/", schedule.resume, "database_schedule_resume"),
        ),
    ),
    SitePage(
        "health",
        "Health",
        area=AREA,
        permission="dbops.view_health",
        routes=(
            ("", health.show_health, "database_health"),
            ("check/", health.check_now, "database_health_check"),
        ),
    ),
)
