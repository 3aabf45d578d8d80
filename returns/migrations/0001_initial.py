import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
import stateset.lib.fields
import uuid_utils.compat
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('inventory', '0001_initial'),
        ('orders', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReturnRequest',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('rma_number', models.CharField(editable=False, max_length=32, unique=True, verbose_name='RMA number')),
                ('status', stateset.lib.fields.StatusField(choices=[('requested', 'Waiting for approval'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('received', 'Received'), ('inspected', 'Inspected'), ('completed', 'Completed'), ('cancelled', 'Cancelled')], default='requested', max_length=20)),
                ('resolution', models.CharField(choices=[('refund', 'Refund'), ('replacement', 'Replacement'), ('none', 'None')], default='refund', max_length=12)),
                ('reason_code', models.CharField(choices=[('defective', 'Defective'), ('wrong_item', 'Wrong item'), ('not_as_described', 'Not as described'), ('changed_mind', 'Changed mind'), ('damaged_in_transit', 'Damaged in transit'), ('other', 'Other')], max_length=32)),
                ('reason', models.TextField(blank=True)),
                ('currency', stateset.lib.fields.CurrencyField(default='USD', editable=False, max_length=3)),
                ('refund_total', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('amount_refunded', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('approved_at', models.DateTimeField(editable=False, null=True)),
                ('received_at', models.DateTimeField(editable=False, null=True)),
                ('completed_at', models.DateTimeField(editable=False, null=True)),
                ('notes', models.TextField(blank=True)),
                ('customer', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='orders.customer')),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='inventory.location')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='orders.order')),
                ('requested_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'return',
                'db_table': 'returns',
                'db_table_comment': 'Returns of customers',
                'permissions': [('approve_return', 'Can approve returns of ordinary value'), ('approve_large_return', 'Can approve every return')],
                'indexes': [models.Index(fields=['order', 'status'], name='idx_returns_order_status'), models.Index(fields=['-created_at', 'status'], name='idx_returns_created_status'), models.Index(condition=models.Q(('status__in', ('completed', 'rejected', 'cancelled')), _negated=True), fields=['status', '-created_at'], name='idx_returns_unfinished')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'approved', 'rejected', 'received', 'inspected', 'completed', 'cancelled'])), name='return_status_known', violation_error_message='Status must be one of: requested, approved, rejected, received, inspected, completed, cancelled.'), models.CheckConstraint(condition=models.Q(('resolution__in', ['refund', 'replacement', 'none'])), name='return_resolution_known', violation_error_message='Resolution must be one of: refund, replacement, none.'), models.CheckConstraint(condition=models.Q(('reason_code__in', ['defective', 'wrong_item', 'not_as_described', 'changed_mind', 'damaged_in_transit', 'other'])), name='return_reason_known', violation_error_message='Reason code must be one of: defective, wrong_item, not_as_described, changed_mind, damaged_in_transit, other.'), models.CheckConstraint(condition=models.Q(('currency', django.db.models.functions.text.Upper('currency')), django.db.models.lookups.Exact(django.db.models.functions.text.Length('currency'), 3)), name='return_currency_code', violation_error_message='Currency must be a three-letter ISO 4217 code such as USD.'), models.CheckConstraint(condition=models.Q(('refund_total__gte', 0), ('amount_refunded__gte', 0)), name='return_money_not_negative', violation_error_message='Refund total, Amount refunded must not be negative.'), models.CheckConstraint(condition=models.Q(('amount_refunded__lte', models.F('refund_total'))), name='return_refunded_within_total', violation_error_message='No more can be refunded than the return is worth.'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'rejected'), _negated=True), models.Q(('status_reason', ''), _negated=True), _connector='OR'), name='return_rejected_has_reason', violation_error_message='A rejected return says why.')],
            },
        ),
        migrations.CreateModel(
            name='ReturnItem',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('quantity', models.PositiveIntegerField()),
                ('quantity_received', models.PositiveIntegerField(default=0, editable=False)),
                ('condition', models.CharField(blank=True, choices=[('', 'Not inspected'), ('new', 'New'), ('opened', 'Opened'), ('damaged', 'Damaged'), ('defective', 'Defective')], editable=False, max_length=10)),
                ('disposition', models.CharField(choices=[('pending', 'To inspect'), ('restock', 'Restock'), ('quarantine', 'Quarantine'), ('scrap', 'Scrap')], default='pending', editable=False, max_length=12)),
                ('refund_amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19)),
                ('restocked_at', models.DateTimeField(editable=False, null=True)),
                ('order_item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='return_items', to='orders.orderitem')),
                ('return_request', models.ForeignKey(db_column='return_id', db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='returns.returnrequest')),
            ],
            options={
                'db_table': 'return_items',
                'db_table_comment': 'Lines of returns',
                'constraints': [models.UniqueConstraint(fields=('return_request', 'order_item'), name='return_item_unique', violation_error_message='This order line is on the return already.'), models.CheckConstraint(condition=models.Q(('disposition__in', ['pending', 'restock', 'quarantine', 'scrap'])), name='return_item_disposition_known', violation_error_message='Disposition must be one of: pending, restock, quarantine, scrap.'), models.CheckConstraint(condition=models.Q(('condition__in', ['', 'new', 'opened', 'damaged', 'defective'])), name='return_item_condition_known', violation_error_message='Condition must be one of: , new, opened, damaged, defective.'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='return_item_quantity_positive', violation_error_message='Quantity must be above zero.'), models.CheckConstraint(condition=models.Q(('refund_amount__gte', 0)), name='return_item_refund_not_negative', violation_error_message='Refund amount must not be negative.'), models.CheckConstraint(condition=models.Q(('quantity_received__lte', models.F('quantity'))), name='return_item_received_within', violation_error_message="More can't come back than was agreed."), models.CheckConstraint(condition=models.Q(models.Q(('disposition', 'restock'), _negated=True), ('condition__in', ('new', 'opened')), _connector='OR'), name='return_item_restock_is_sellable', violation_error_message='Only new or opened goods go back on the shelf.')],
            },
        ),
        migrations.CreateModel(
            name='ReturnApproval',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('level', models.PositiveSmallIntegerField()),
                ('decision', models.CharField(choices=[('pending', 'Pending'), ('approved', 'Approved'), ('rejected', 'Rejected')], default='pending', max_length=10)),
                ('amount', stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), max_digits=19)),
                ('is_automatic', models.BooleanField(default=False)),
                ('reason', models.CharField(blank=True, max_length=255)),
                ('decided_at', models.DateTimeField(null=True)),
                ('approver', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='return_approvals', to=settings.AUTH_USER_MODEL)),
                ('return_request', models.ForeignKey(db_column='return_id', db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='returns.returnrequest')),
            ],
            options={
                'db_table': 'return_approvals',
                'db_table_comment': 'Decisions on returns',
                'indexes': [models.Index(condition=models.Q(('decision', 'pending')), fields=['level', 'created_at'], name='idx_return_approvals_pending')],
                'constraints': [models.UniqueConstraint(fields=('return_request', 'level'), name='return_approval_level_unique'), models.CheckConstraint(condition=models.Q(('decision__in', ['pending', 'approved', 'rejected'])), name='return_approval_decision_known', violation_error_message='Decision must be one of: pending, approved, rejected.'), models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='return_approval_amount_not_negative', violation_error_message='Amount must not be negative.'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decision', 'pending')), models.Q(models.Q(('decision', 'pending'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='return_approval_decided_has_time', violation_error_message='A decision has a time exactly when it is made.'), models.CheckConstraint(condition=models.Q(('decision', 'pending'), ('is_automatic', True), ('approver__isnull', False), _connector='OR'), name='return_approval_has_approver', violation_error_message='A decision names who made it.'), models.CheckConstraint(condition=models.Q(models.Q(('decision', 'rejected'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='return_approval_rejection_reason', violation_error_message='A rejection says why.')],
            },
        ),
        migrations.CreateModel(
            name='Warranty',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('warranty_number', models.CharField(editable=False, max_length=32, unique=True, verbose_name='number')),
                ('serial_number', models.CharField(blank=True, max_length=100)),
                ('status', stateset.lib.fields.StatusField(choices=[('active', 'Active'), ('expired', 'Expired'), ('void', 'Void')], default='active', max_length=20)),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField()),
                ('terms', models.TextField(blank=True)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='warranties', to='orders.customer')),
                ('order_item', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='warranties', to='orders.orderitem')),
                ('variant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='warranties', to='inventory.productvariant')),
            ],
            options={
                'verbose_name_plural': 'warranties',
                'db_table': 'warranties',
                'db_table_comment': 'Promises to mend or replace sold units',
                'indexes': [models.Index(fields=['customer', 'status'], name='idx_warranties_customer'), models.Index(fields=['variant', 'serial_number'], name='idx_warranties_serial'), models.Index(condition=models.Q(('status', 'active')), fields=['ends_on'], name='idx_warranties_expiring')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'active'), models.Q(('serial_number', ''), _negated=True)), fields=('variant', 'serial_number'), name='warranty_serial_unique', violation_error_message='This serial number is under warranty already.'), models.CheckConstraint(condition=models.Q(('status__in', ['active', 'expired', 'void'])), name='warranty_status_known', violation_error_message='Status must be one of: active, expired, void.'), models.CheckConstraint(condition=models.Q(('ends_on__gt', models.F('starts_on'))), name='warranty_ends_after_start', violation_error_message='A warranty must end after it starts.')],
            },
        ),
        migrations.CreateModel(
            name='WarrantyClaim',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('claim_number', models.CharField(editable=False, max_length=32, unique=True, verbose_name='number')),
                ('status', stateset.lib.fields.StatusField(choices=[('submitted', 'Submitted'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('resolved', 'Resolved'), ('withdrawn', 'Withdrawn')], default='submitted', max_length=20)),
                ('failed_on', models.DateField()),
                ('description', models.TextField()),
                ('resolution_type', models.CharField(blank=True, choices=[('', 'Undecided'), ('repair', 'Repair'), ('replace', 'Replace'), ('refund', 'Refund')], editable=False, max_length=12)),
                ('resolution', models.TextField(blank=True, editable=False)),
                ('status_reason', models.CharField(blank=True, editable=False, max_length=255)),
                ('claimed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('decided_at', models.DateTimeField(editable=False, null=True)),
                ('resolved_at', models.DateTimeField(editable=False, null=True)),
                ('decided_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decided_claims', to=settings.AUTH_USER_MODEL)),
                ('return_request', models.ForeignKey(blank=True, db_column='return_id', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='warranty_claims', to='returns.returnrequest')),
                ('warranty', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='returns.warranty')),
            ],
            options={
                'db_table': 'warranty_claims',
                'db_table_comment': 'Faults reported under warranties',
                'indexes': [models.Index(fields=['warranty', 'status'], name='idx_claims_warranty'), models.Index(fields=['status', '-created_at'], name='idx_claims_status_created')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ('submitted', 'approved'))), fields=('warranty',), name='warranty_claim_one_open', violation_error_message='This warranty has an open claim already.'), models.CheckConstraint(condition=models.Q(('status__in', ['submitted', 'approved', 'rejected', 'resolved', 'withdrawn'])), name='warranty_claim_status_known', violation_error_message='Status must be one of: submitted, approved, rejected, resolved, withdrawn.'), models.CheckConstraint(condition=models.Q(('resolution_type__in', ['', 'repair', 'replace', 'refund'])), name='warranty_claim_resolution_known', violation_error_message='Resolution type must be one of: , repair, replace, refund.'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'rejected'), _negated=True), models.Q(('status_reason', ''), _negated=True), _connector='OR'), name='warranty_claim_rejection_reason', violation_error_message='A rejected claim says why.'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'resolved'), _negated=True), models.Q(('resolved_at__isnull', False), models.Q(('resolution_type', ''), _negated=True)), _connector='OR'), name='warranty_claim_resolved_how', violation_error_message='A resolved claim says how and when.')],
            },
        ),
    ]
