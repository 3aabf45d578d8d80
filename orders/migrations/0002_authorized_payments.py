import stateset.lib.fields
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0003_approve_purchase_orders'),
        ('orders', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='order',
            name='order_payment_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='order',
            name='order_money_not_negative',
        ),
        migrations.AddField(
            model_name='order',
            name='amount_authorized',
            field=stateset.lib.fields.MoneyField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=19),
        ),
        migrations.AddField(
            model_name='order',
            name='payment_failure',
            field=models.CharField(blank=True, editable=False, max_length=20),
        ),
        migrations.AlterField(
            model_name='order',
            name='payment_status',
            field=stateset.lib.fields.StatusField(choices=[('pending', 'Unpaid'), ('failed', 'Payment failed'), ('voided', 'Authorisation void'), ('authorized', 'Authorised'), ('partially_paid', 'Partly paid'), ('paid', 'Paid'), ('partially_refunded', 'Partly refunded'), ('refunded', 'Refunded')], default='pending', editable=False, max_length=20),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('payment_status__in', ['pending', 'failed', 'voided', 'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded'])), name='order_payment_status_known', violation_error_message='Payment status must be one of: pending, failed, voided, authorized, partially_paid, paid, partially_refunded, refunded.'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('payment_failure__in', ('', 'failed', 'voided'))), name='order_payment_failure_known', violation_error_message='A payment of the order failed or was voided, or neither.'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('subtotal__gte', 0), ('discount_total__gte', 0), ('tax_total__gte', 0), ('shipping_total__gte', 0), ('total_amount__gte', 0), ('amount_paid__gte', 0), ('amount_refunded__gte', 0), ('amount_authorized__gte', 0)), name='order_money_not_negative', violation_error_message='Subtotal, Discount total, Tax total, Shipping total, Total amount, Amount paid, Amount refunded, Amount authorized must not be negative.'),
        ),
    ]
