import stateset.lib.fields
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


def count_what_came(apps, schema_editor):
    """Until now all of a payment came or nothing, and no order told of a failure."""
    alias = schema_editor.connection.alias
    payments = apps.get_model('finance', 'Payment').objects.using(alias)
    came = ('succeeded', 'partially_refunded', 'refunded')
    payments.filter(status__in=came).update(captured_amount=models.F('amount'))
    charges = payments.filter(kind='charge', order=models.OuterRef('pk'))
    newest = charges.order_by('-created_at', '-pk').values('status')[:1]
    orders = apps.get_model('orders', 'Order').objects.using(alias)
    failed = orders.alias(newest=models.Subquery(newest)).filter(newest='failed')
    failed.update(payment_failure='failed')
    orders.filter(payment_failure='failed', payment_status='pending').update(payment_status='failed')


class Migration(migrations.Migration):

    dependencies = [
        ('finance', '0001_initial'),
        ('orders', '0002_authorized_payments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='payment',
            name='payment_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='payment',
            name='payment_refunded_within_amount',
        ),
        migrations.RemoveConstraint(
            model_name='payment',
            name='payment_succeeded_has_time',
        ),
        migrations.AddField(
            model_name='payment',
            name='authorization_expires_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='payment',
            name='authorized_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='payment',
            name='captured_amount',
            field=stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19),
        ),
        migrations.AlterField(
            model_name='payment',
            name='status',
            field=stateset.lib.fields.StatusField(choices=[('pending', 'Pending'), ('authorized', 'Authorised'), ('succeeded', 'Succeeded'), ('partially_refunded', 'Partly refunded'), ('refunded', 'Refunded'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('voided', 'Voided'), ('expired', 'Expired')], default='pending', max_length=20),
        ),
        migrations.RunPython(count_what_came, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('status', 'authorized')), fields=['authorization_expires_at'], name='idx_payments_expires'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'authorized', 'succeeded', 'partially_refunded', 'refunded', 'failed', 'cancelled', 'voided', 'expired'])), name='payment_status_known', violation_error_message='Status must be one of: pending, authorized, succeeded, partially_refunded, refunded, failed, cancelled, voided, expired.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_amount__lte', models.F('amount'))), name='payment_captured_within_amount', violation_error_message='No more can come than was agreed.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_amount__lte', models.F('captured_amount'))), name='payment_refunded_within_captured', violation_error_message='No more can be refunded than came.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('captured_amount__gt', 0), ('status__in', ('succeeded', 'partially_refunded', 'refunded'))), models.Q(models.Q(('status__in', ('succeeded', 'partially_refunded', 'refunded')), _negated=True), ('captured_amount', 0)), _connector='OR'), name='payment_captured_as_status_says', violation_error_message='Money came of a payment exactly if its status says so.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_amount', 0), ('captured_amount', models.F('amount')), ('authorized_at__isnull', False), _connector='OR'), name='payment_captured_whole', violation_error_message='Only an authorised payment can come in part.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('succeeded', 'partially_refunded', 'refunded')), _negated=True), ('processed_at__isnull', False), _connector='OR'), name='payment_succeeded_has_time', violation_error_message='A payment that succeeded has the time it did.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('authorized', 'voided', 'expired')), _negated=True), ('authorized_at__isnull', False), _connector='OR'), name='payment_authorized_has_time', violation_error_message='A payment that was authorised has the time it was.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('authorization_expires_at__isnull', True), ('authorized_at__isnull', True)), models.Q(('authorization_expires_at__gt', models.F('authorized_at')), ('authorization_expires_at__isnull', False), ('authorized_at__isnull', False)), _connector='OR'), name='payment_authorization_ends', violation_error_message='An authorisation ends some time after it was given.'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('authorized_at__isnull', True), models.Q(('kind', 'charge'), ('method__in', ('card', 'paypal'))), _connector='OR'), name='payment_authorization_of_charge', violation_error_message="Only a customer's card or PayPal account is authorised."),
        ),
    ]
