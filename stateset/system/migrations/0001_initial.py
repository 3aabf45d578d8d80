import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import stateset.lib.fields
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='NumberSequence',
            fields=[
                ('key', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('next_value', models.PositiveBigIntegerField(default=1)),
            ],
            options={
                'db_table': 'number_sequences',
                'db_table_comment': 'Next document number of each series',
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('event_id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, unique=True)),
                ('aggregate_type', models.CharField(max_length=50)),
                ('aggregate_id', models.UUIDField()),
                ('event_type', models.CharField(max_length=100)),
                ('payload', models.JSONField(default=dict)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('occurred_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'events',
                'db_table_comment': 'What happened in the business; append-only',
                'indexes': [models.Index(fields=['aggregate_type', 'aggregate_id', 'id'], name='idx_events_aggregate'), models.Index(fields=['event_type', '-occurred_at'], name='idx_events_type_occurred'), models.Index(fields=['-occurred_at'], name='idx_events_occurred')],
            },
        ),
        migrations.CreateModel(
            name='OutboxMessage',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('topic', models.CharField(default='default', max_length=100)),
                ('partition_key', models.CharField(max_length=100)),
                ('status', stateset.lib.fields.StatusField(choices=[('pending', 'Pending'), ('processing', 'Processing'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='pending', max_length=20)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('max_attempts', models.PositiveSmallIntegerField(default=8)),
                ('available_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outbox_messages', to='system.event')),
            ],
            options={
                'verbose_name': 'outbox message',
                'db_table': 'outbox',
                'db_table_comment': 'Events still to be delivered, and when they were',
                'indexes': [models.Index(condition=models.Q(('status', 'pending')), fields=['available_at', 'id'], name='idx_outbox_due'), models.Index(condition=models.Q(('status', 'processing')), fields=['lease_until'], name='idx_outbox_lease'), models.Index(condition=models.Q(('status', 'failed')), fields=['created_at'], name='idx_outbox_failed')],
                'constraints': [models.UniqueConstraint(fields=('event', 'topic'), name='outbox_event_topic_unique'), models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'processing', 'delivered', 'failed'])), name='outbox_status_known', violation_error_message='Status must be one of: pending, processing, delivered, failed.'), models.CheckConstraint(condition=models.Q(('attempts__lte', models.F('max_attempts'))), name='outbox_attempts_within_limit', violation_error_message='Attempts must not pass the limit.'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('status', 'processing')), models.Q(models.Q(('status', 'processing'), _negated=True), ('lease_until__isnull', True)), _connector='OR'), name='outbox_processing_has_lease', violation_error_message='A message has a lease exactly while it is processed.'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'delivered'), _negated=True), ('delivered_at__isnull', False), _connector='OR'), name='outbox_delivered_has_time', violation_error_message='A delivered message has the time of its delivery.')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('action', models.CharField(max_length=64)),
                ('resource_type', models.CharField(blank=True, db_default='', max_length=63)),
                ('resource_id', models.CharField(blank=True, db_default='', max_length=64)),
                ('outcome', models.CharField(choices=[('success', 'Success'), ('denied', 'Denied'), ('error', 'Error')], db_default='success', default='success', max_length=8)),
                ('changes', models.JSONField(default=dict)),
                ('actor_label', models.CharField(blank=True, db_default='', max_length=255)),
                ('reason', models.CharField(blank=True, db_default='', max_length=500)),
                ('request_id', models.CharField(blank=True, db_default='', max_length=64)),
                ('database_user', models.CharField(blank=True, db_default='', max_length=63)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_entries', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit log',
                'db_table': 'audit_log',
                'db_table_comment': 'Who changed what, when and why; append-only',
                'indexes': [models.Index(fields=['resource_type', 'resource_id', '-id'], name='idx_audit_resource'), models.Index(fields=['-created_at'], name='idx_audit_created'), models.Index(fields=['request_id'], name='idx_audit_request')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ['success', 'denied', 'error'])), name='audit_entry_outcome_known', violation_error_message='Outcome must be one of: success, denied, error.')],
            },
        ),
    ]
