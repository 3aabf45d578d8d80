from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate

from stateset.lib import journal
from stateset.lib.timeline import add_guide, add_memory


class SystemConfig(AppConfig):
    """Events, outbox, audit log and document numbers."""

    name = "stateset.system"
    label = "system"
    verbose_name = "System"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from stateset.system import checks, receivers, timeline
        from stateset.system.triggers.checks import check_triggers

        connection_created.connect(receivers.on_connection_created)
        pre_migrate.connect(receivers.on_pre_migrate, sender=self)
        # Django sends post_migrate after the last migration, app by app: the
        # tables are all there whichever app's turn it is.
        post_migrate.connect(receivers.on_post_migrate, sender=self)
        journal.context_changed.connect(receivers.on_context_changed)
        journal.document_leaving.connect(receivers.on_document_leaving)
        journal.add_sink(receivers.write_audit_entry)
        journal.document_edited.connect(receivers.on_document_edited)
        journal.add_reader(receivers.read_recorded)
        journal.add_counter(receivers.count_changes)
        add_memory(timeline.recall)
        add_guide(timeline.further_reading)
        register(checks.check_production)
        register(checks.check_names)
        register(check_triggers, Tags.database)
