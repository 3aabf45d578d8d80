import django.db.models.deletion
import django.db.models.expressions
import stateset.lib.fields
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


PUT_AWAY = {
    'restock': 'quantity_restocked',
    'quarantine': 'quantity_quarantined',
    'scrap': 'quantity_scrapped',
}
AGREED = ('approved', 'received', 'inspected', 'completed')


def note_what_was_done(apps, schema_editor):
    """Say in units what lines said in words; what was not put away is inspected anew.

    Going back leaves every line to be inspected, for a split one has no single word;
    the old CHECKs refuse it while returns are partly received or goods mixed.
    """
    database = schema_editor.connection.alias
    returns = apps.get_model('returns', 'ReturnRequest').objects.using(database)
    items = apps.get_model('returns', 'ReturnItem').objects.using(database)
    approvals = apps.get_model('returns', 'ReturnApproval').objects.using(database)
    # Stock moves at the inspection now, and moved at the completion before.
    returns.filter(status='inspected').update(status='received')
    items.exclude(return_request__status='completed').update(condition='')
    items.filter(return_request__status__in=AGREED).update(
        quantity_approved=models.F('quantity')
    )
    items.update(restocked_at=None)
    done = items.filter(return_request__status='completed')
    for disposition, column in PUT_AWAY.items():
        done.filter(disposition=disposition).update(
            **{column: models.F('quantity_received')}
        )
    done.filter(quantity_restocked__gt=0).update(
        restocked_at=models.Subquery(
            returns.filter(pk=models.OuterRef('return_request')).values('completed_at')
        )
    )
    for found in returns.annotate(worth=models.Sum('items__refund_amount')).iterator():
        worth = found.worth or Decimal(0)
        returns.filter(pk=found.pk).update(items_amount=worth, refund_total=worth)
    approvals.filter(
        decision='pending', return_request__status__in=('rejected', 'cancelled')
    ).update(decision='withdrawn', decided_at=models.F('updated_at'))
    # PostgreSQL alters no table with foreign keys still to be checked.
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0003_approve_purchase_orders'),
        ('orders', '0001_initial'),
        ('returns', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='returnrequest',
            options={'permissions': [('approve_return', 'Can approve returns of ordinary value'), ('approve_large_return', 'Can approve every return'), ('receive_return', 'Can receive and inspect returns')], 'verbose_name': 'return'},
        ),
        migrations.RemoveConstraint(
            model_name='returnapproval',
            name='return_approval_level_unique',
        ),
        migrations.RemoveConstraint(
            model_name='returnapproval',
            name='return_approval_decision_known',
        ),
        migrations.RemoveConstraint(
            model_name='returnapproval',
            name='return_approval_has_approver',
        ),
        migrations.RemoveConstraint(
            model_name='returnitem',
            name='return_item_disposition_known',
        ),
        migrations.RemoveConstraint(
            model_name='returnitem',
            name='return_item_condition_known',
        ),
        migrations.RemoveConstraint(
            model_name='returnitem',
            name='return_item_received_within',
        ),
        migrations.RemoveConstraint(
            model_name='returnitem',
            name='return_item_restock_is_sellable',
        ),
        migrations.RemoveConstraint(
            model_name='returnrequest',
            name='return_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='returnrequest',
            name='return_money_not_negative',
        ),
        migrations.AddField(
            model_name='returnapproval',
            name='round',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='quantity_approved',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='quantity_quarantined',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='quantity_restocked',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='quantity_scrapped',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='approval_round',
            field=models.PositiveSmallIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='expires_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='inspected_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='items_amount',
            field=stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='replacement_order',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_return', to='orders.order'),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='restocking_fee',
            field=stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='shipping_refund',
            field=stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19),
        ),
        migrations.AlterField(
            model_name='returnapproval',
            name='decision',
            field=models.CharField(choices=[('pending', 'Pending'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], default='pending', max_length=10),
        ),
        migrations.AlterField(
            model_name='returnitem',
            name='condition',
            field=models.CharField(blank=True, choices=[('', 'Not inspected'), ('new', 'New'), ('opened', 'Opened'), ('damaged', 'Damaged'), ('defective', 'Defective'), ('mixed', 'Mixed')], editable=False, max_length=10),
        ),
        migrations.AlterField(
            model_name='returnrequest',
            name='status',
            field=stateset.lib.fields.StatusField(choices=[('requested', 'Waiting for approval'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('partially_received', 'Partly received'), ('received', 'Received'), ('inspected', 'Inspected'), ('completed', 'Completed'), ('cancelled', 'Cancelled')], default='requested', max_length=20),
        ),
        migrations.RunPython(note_what_was_done, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name='returnitem',
            name='disposition',
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(condition=models.Q(('status', 'approved')), fields=['expires_at'], name='idx_returns_expiring'),
        ),
        migrations.AddConstraint(
            model_name='returnapproval',
            constraint=models.UniqueConstraint(fields=('return_request', 'round', 'level'), name='return_approval_level_unique'),
        ),
        migrations.AddConstraint(
            model_name='returnapproval',
            constraint=models.UniqueConstraint(condition=models.Q(('approver__isnull', False)), fields=('return_request', 'round', 'approver'), name='return_approval_person_unique', violation_error_message='One person decides on one level of a return.'),
        ),
        migrations.AddConstraint(
            model_name='returnapproval',
            constraint=models.CheckConstraint(condition=models.Q(('decision__in', ['pending', 'approved', 'rejected', 'withdrawn'])), name='return_approval_decision_known', violation_error_message='Decision must be one of: pending, approved, rejected, withdrawn.'),
        ),
        migrations.AddConstraint(
            model_name='returnapproval',
            constraint=models.CheckConstraint(condition=models.Q(('decision__in', ('pending', 'withdrawn')), ('is_automatic', True), ('approver__isnull', False), _connector='OR'), name='return_approval_has_approver', violation_error_message='A decision names who made it.'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(('condition__in', ['', 'new', 'opened', 'damaged', 'defective', 'mixed'])), name='return_item_condition_known', violation_error_message='Condition must be one of: , new, opened, damaged, defective, mixed.'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_approved__lte', models.F('quantity'))), name='return_item_approved_within', violation_error_message='No more can be approved than was asked for.'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_received__lte', models.F('quantity_approved'))), name='return_item_received_within', violation_error_message="More can't come back than was agreed."),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_received__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('quantity_restocked'), '+', models.F('quantity_quarantined')), '+', models.F('quantity_scrapped')))), name='return_item_units_within_received', violation_error_message='No more can be put away than came back.'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_restocked', 0), ('condition__in', ('new', 'opened', 'mixed')), _connector='OR'), name='return_item_restock_is_sellable', violation_error_message='Only new or opened goods go back on the shelf.'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('condition', 'mixed'), _negated=True), ('quantity_restocked__lt', models.F('quantity_received')), _connector='OR'), name='return_item_mixed_not_all_sellable', violation_error_message='Of goods in mixed condition some do not go on the shelf.'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quantity_restocked', 0), ('restocked_at__isnull', True)), models.Q(('quantity_restocked__gt', 0), ('restocked_at__isnull', False)), _connector='OR'), name='return_item_restocked_has_time', violation_error_message='A line has a time of restocking exactly when units were.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'approved', 'rejected', 'partially_received', 'received', 'inspected', 'completed', 'cancelled'])), name='return_status_known', violation_error_message='Status must be one of: requested, approved, rejected, partially_received, received, inspected, completed, cancelled.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(('items_amount__gte', 0), ('shipping_refund__gte', 0), ('restocking_fee__gte', 0), ('refund_total__gte', 0), ('amount_refunded__gte', 0)), name='return_money_not_negative', violation_error_message='Items amount, Shipping refund, Restocking fee, Refund total, Amount refunded must not be negative.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(('restocking_fee__lte', models.F('items_amount'))), name='return_fee_within_items', violation_error_message='The fee must not pass what the goods are worth.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(('amount_refunded__lte', 0), models.Q(('resolution', 'refund'), ('status', 'completed')), _connector='OR'), name='return_refunded_when_completed', violation_error_message='Money goes back when a return for a refund is completed.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(('replacement_order__isnull', True), models.Q(('resolution', 'replacement'), ('status', 'completed')), _connector='OR'), name='return_replaced_when_completed', violation_error_message='Goods are replaced when a return for that is completed.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(('approval_round__gte', 1), ('approval_round__lte', 2)), name='return_reopened_once', violation_error_message='A return is reopened once.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('approved', 'partially_received', 'received', 'inspected', 'completed')), _negated=True), ('approved_at__isnull', False), _connector='OR'), name='return_approved_has_time', violation_error_message='An approved return says when it was approved.'),
        ),
        migrations.AddConstraint(
            model_name='returnrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('received', 'inspected', 'completed')), _negated=True), ('received_at__isnull', False), _connector='OR'), name='return_received_has_time', violation_error_message='A received return says when it was received.'),
        ),
    ]
