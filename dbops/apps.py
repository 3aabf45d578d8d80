from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created


class DbopsConfig(AppConfig):
    """Backups, restores, migrations and upkeep of the databases themselves."""

    name = "dbops"
    label = "dbops"
    verbose_name = "Database"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from dbops import checks
        from dbops.backups.erasures import on_erased
        from dbops.engines.configuration import on_connection_created
        from dbops.monitoring import query_log
        from dbops.telling.commands import on_command_ended
        from stateset.lib.commands import command_ended
        from stateset.lib.erasures import erased

        connection_created.connect(on_connection_created)
        connection_created.connect(query_log.on_connection_created)
        command_ended.connect(on_command_ended)
        erased.connect(on_erased)
        register(checks.check_pools)
        register(checks.check_poolers)
        register(checks.check_installation)
        register(checks.check_servers, Tags.database)
