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
        from dbops.engines.configuration import on_connection_created
        from dbops.monitoring import query_log

        connection_created.connect(on_connection_created)
        connection_created.connect(query_log.on_connection_created)
        register(checks.check_pools)
        register(checks.check_poolers)
        register(checks.check_installation)
        register(checks.check_servers, Tags.database)
